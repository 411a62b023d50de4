"""Where counts differ, by few counts."""

from random import Random

from zendesk_reconciliation.spans import SMALL, Expected, SmallSpans, Span
from zendesk_reconciliation.view import DAY

END = 4_000 * DAY


def search(there, here):
    """The spans that differ, and how many counts were asked of Zendesk."""
    asked = []

    def count(first, beyond):
        asked.append((first, beyond))
        return sum(first <= one < beyond for one in there)

    by_day = {}
    for one in here:
        by_day[one // DAY] = by_day.get(one // DAY, 0) + 1
    expected = Expected(by_day, lambda first, beyond: sum(first <= one < beyond for one in here), {})
    whole = Span(0, END, count(0, END), expected(0, END))
    spans, found = SmallSpans(whole, count, expected), []
    while spans.pending:
        if (span := spans.step()) is not None:
            found.append(span)
    return found, len(asked)


def test_equal_counts_take_one_request():
    objects = [Random(1).randrange(END) for _ in range(5_000)]
    assert search(objects, objects) == ([], 1)


def test_one_missing_object_among_many_is_found_by_few_counts():
    rng = Random(2)
    there = sorted(rng.randrange(END) for _ in range(20_000))
    lost = there[rng.randrange(len(there))]
    [span], asked = search(there, [one for one in there if one != lost])
    assert span.first <= lost < span.beyond
    assert max(span.zendesk, span.here) <= SMALL
    assert asked <= 10


def test_several_places_and_a_crowded_second_are_found():
    there = [*range(0, END, DAY // 2), *[77 * DAY + 5] * (2 * SMALL)]
    here = [one for one in there if one not in (3 * DAY, 1_000 * DAY)][:-1]
    spans, _ = search(there, here)
    assert sum(one.difference for one in spans) == 3
    assert any(one.first == 77 * DAY + 5 and one.beyond - one.first == 1 for one in spans)


def test_what_changed_since_is_taken_into_account():
    expected = Expected({5: 10}, lambda _first, _beyond: 0, {5 * DAY + 7: -1, 9 * DAY: 1})
    assert expected(0, 6 * DAY) == 9
    assert expected(0, 10 * DAY) == 10
    assert expected.first == 5 * DAY
