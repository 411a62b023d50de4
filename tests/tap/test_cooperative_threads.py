"""Several iterables at a time, in threads of which one runs."""

import pytest
from tap_zendesk_cityblock.cooperative_threads import CooperativeThreads


def read(sources, dealt_with=id):
    """What a thread of `run` gets from them."""
    threads, items = CooperativeThreads(), []

    def task():
        for item in threads.side_by_side(sources):
            items.append(item)
            dealt_with(item)

    threads.run([task])
    return items


def test_each_source_keeps_its_order_and_goes_on_once_its_item_has_been_dealt_with():
    made, done = [], []

    def source(name):
        for number in range(5):
            assert done.count(name) == number
            made.append(name)
            yield name, number

    items = read([source("a"), source("b"), source("c")], lambda item: done.append(item[0]))
    assert len(items) == 15
    for name in "abc":
        assert [number for of, number in items if of == name] == [0, 1, 2, 3, 4]


def test_the_first_error_of_a_source_is_raised_and_ends_the_others():
    def endless():
        while True:
            yield "more"

    def failing():
        yield "last"
        raise ValueError("of the source")

    with pytest.raises(ValueError, match="of the source"):
        read([endless(), failing()])


def test_no_source_is_read_further_once_the_reader_stops():
    read_from = []

    def source(name):
        for number in range(100):
            read_from.append(name)
            yield number

    threads = CooperativeThreads()

    def task():
        items = threads.side_by_side([source("a"), source("b")])
        next(items)
        items.close()

    threads.run([task])
    threads.run([lambda: None])
    assert len(read_from) <= 2


def test_no_sources_have_no_items():
    assert read([]) == []
