"""The pages of one query, one after another, as a list of responses has them."""

import json
import logging
import time

import pytest
from tap_zendesk_cityblock.errors import (
    CursorInvalidError,
    CursorRefusedError,
    IncompleteError,
    StartTooRecentError,
    UnexpectedResponseError,
)
from tap_zendesk_cityblock.models import MODELS
from tap_zendesk_cityblock.readers.page import Page
from tap_zendesk_cityblock.readers.walk import WITHHELD_SECONDS, Endpoint, ForwardOnly, Walk
from tap_zendesk_cityblock.rows.decoding import DictRows
from tap_zendesk_cityblock.rows.oddities import IGNORED
from tap_zendesk_cityblock.state.positions import Position

BASE = "https://cityblock.zendesk.com"
CURSOR = "MTAwMC4wfHw3fA=="  # 1000.0||7|


class Responses:
    """In the place of the client: returns bodies and raises errors in their order, and keeps the queries."""

    base_url = BASE

    def __init__(self, *responses):
        self.left, self.queries, self.paths, self.retried = list(responses), [], set(), 0

    def request(self, path, query):
        self.paths.add(path)
        self.query = query
        return self

    def send(self):
        self.queries.append(self.query)
        response = self.left.pop(0)
        if isinstance(response, Exception):
            raise response
        return response if isinstance(response, bytes) else json.dumps(response).encode()

    def retry_after(self, _failure):
        self.retried += 1
        self.query = self.query | {"per_page": "5"}


def walk(name, *responses, size=2, query=None, reached=None):
    """The pages, and the client that has returned them."""
    model, client = MODELS[name], Responses(*responses)
    endpoint = Endpoint(model, client, size, logging.getLogger("walk"))
    forward = ForwardOnly(reached)
    rows = DictRows(model, [model.key, model.clock], {}, IGNORED)
    pages = list(Walk(endpoint, rows, forward).pages(query or endpoint.first_query(Position(time=900))))
    assert client.left == []
    assert all(page.rows is rows for page in pages)
    assert client.paths == {model.path}
    return pages, client, forward


def tickets(*versions, cursor=CURSOR, ended=True, **shown):
    rows = [{"id": key, "generated_timestamp": clock} for key, clock in versions]
    return {"tickets": rows, "after_cursor": cursor, "end_of_stream": ended, **shown}


def keys(pages):
    return [[(record["id"], record.get("generated_timestamp")) for record in page.records] for page in pages]


def test_pages_follow_each_other_until_the_last_one():
    first, second, third = (
        tickets((1, 5), cursor="a", ended=False),
        tickets((2, 6), cursor="b", ended=False),
        tickets((3, 7), cursor="c"),
    )
    pages, client, _ = walk("ticket", first, second, third)
    assert keys(pages) == [[(1, 5)], [(2, 6)], [(3, 7)]]
    assert [page.is_last for page in pages] == [False, False, True]
    assert [page.position for page in pages] == [Position(cursor=cursor) for cursor in "abc"]
    assert [{**query} for query in client.queries] == [
        {**query, "per_page": "2"} for query in ({"start_time": "900"}, {"cursor": "a"}, {"cursor": "b"})
    ]


def test_what_the_page_before_had_in_this_version_is_left_out():
    pages, _, _ = walk(
        "ticket",
        tickets((1, 5), (2, 6), cursor="a", ended=False),
        tickets((2, 6), (2, 7), (1, 6), (3, 6), cursor="b", ended=False),
        tickets((1, 5), (3, 6)),
    )
    assert keys(pages) == [[(1, 5), (2, 6)], [(2, 7), (1, 6), (3, 6)], [(1, 5)]]


@pytest.mark.parametrize("clock", [None, {"a": 1}, [1]], ids=str)
def test_a_version_of_an_incremental_model_without_a_clock_is_never_a_repeat(clock):
    pages, _, _ = walk(
        "ticket",
        tickets((1, clock), (2, 6), cursor="a", ended=False),
        tickets((1, clock), (2, 6)),
    )
    assert keys(pages) == [[(1, clock), (2, 6)], [(1, clock)]]


def test_a_row_of_a_list_that_moves_to_the_next_page_comes_once():
    def page(*ids, cursor, more):
        rows = [{"id": key} for key in ids]
        return {"groups": rows, "meta": {"has_more": more, "after_cursor": cursor}}

    pages, _, _ = walk(
        "group",
        page(1, 2, cursor="a", more=True),
        page(2, 3, cursor="b", more=False),
        query={"page[size]": "2"},
    )
    assert [[record["id"] for record in one.records] for one in pages] == [[1, 2], [3]]


def test_all_pages_of_a_list_count():
    def page(key, number, count):
        following = f"{BASE}/api/v2/targets?page={number}" if number else None
        return {"targets": [{"id": key}], "next_page": following, "count": count}

    pages, _, _ = walk("target", page(1, 2, 3), page(2, 3, 3), page(3, None, 3), query={})
    assert [page.is_last for page in pages] == [False, False, True]
    with pytest.raises(IncompleteError, match="counts 4 objects but returned 3"):
        walk("target", page(1, 2, 4), page(2, 3, 4), page(3, None, 4), query={})


def test_pages_that_form_a_loop_end_the_walk():
    pages = [tickets(cursor=cursor, ended=False) for cursor in "aba"]
    with pytest.raises(
        UnexpectedResponseError,
        match=r"^ticket: the pages of /api/v2/incremental/tickets/cursor form a loop$",
    ):
        walk("ticket", *pages)


def test_a_page_size_that_was_halved_grows_again():
    more = tickets(cursor="a", ended=False)
    pages, client, _ = walk("ticket", b'{"tickets": [', more, tickets(), size=100)
    assert len(pages) == 2
    assert client.retried == 1
    assert [query["per_page"] for query in client.queries] == ["100", "5", "10"]


def test_a_start_in_the_last_minute_has_no_page():
    assert walk("ticket", StartTooRecentError())[0] == []
    pages, _, _ = walk("ticket", tickets((1, 5), cursor="a", ended=False), StartTooRecentError())
    assert keys(pages) == [[(1, 5)]]
    assert not pages[0].is_last


def test_a_refused_cursor_is_replaced_by_the_second_before_its_time(caplog):
    query = {"cursor": CURSOR, "per_page": "2"}
    pages, client, forward = walk("ticket", CursorInvalidError("HTTP 400"), tickets((1, 5)), query=query)
    assert keys(pages) == [[(1, 5)]]
    assert client.queries == [query, {"start_time": "999", "per_page": "2"}]
    assert forward.reached == Position(time=999)
    assert [entry.getMessage() for entry in caplog.records] == [
        "ticket: HTTP 400; continuing from the cursor's time, 1970-01-01 00:16:39+00:00"
    ]


@pytest.mark.parametrize("query", [{"start_time": "900"}, {"cursor": CURSOR}])
def test_a_cursor_that_is_refused_again_or_was_never_sent_ends_the_walk(query):
    again = [CursorInvalidError("HTTP 400"), tickets(ended=False)] if "cursor" in query else []
    with pytest.raises(
        UnexpectedResponseError, match=r"^ticket: HTTP 400, and continuing from its time did not help$"
    ):
        walk("ticket", *again, CursorInvalidError("HTTP 400"), query={"per_page": "2", **query})


def test_a_refused_cursor_without_a_time_makes_the_model_unavailable():
    with pytest.raises(CursorRefusedError) as refused:
        walk("ticket", CursorInvalidError("HTTP 400"), query={"cursor": "opaque", "per_page": "2"})
    assert str(refused.value) == (
        "HTTP 400, and it has no time to continue from;"
        ' write {"cursor": "…"} or {"start_time": 1748736000} into the state'
    )


def test_a_second_with_more_rows_than_a_page_is_requested_in_the_largest_one_first(caplog):
    def page(*ids, end):
        rows = [{"id": key, "updated_at": str(end)} for key in ids]
        return {"organizations": rows, "end_time": end, "next_page": f"{BASE}/x", "end_of_stream": False}

    last = {"organizations": [{"id": 9}], "end_time": 1500, "end_of_stream": True}
    query = {"start_time": "1000", "per_page": "2"}
    pages, client, _ = walk("organization", page(1, 2, end=1000), page(1, 2, 3, end=1000), last, query=query)
    assert [[record["id"] for record in one.records] for one in pages] == [[1, 2, 3], [9]]
    assert client.queries == [
        query,
        {**query, "per_page": "1000"},
        {"start_time": "1001", "per_page": "2"},
    ]
    [logged] = caplog.records
    assert logged.levelname == "ERROR"
    assert logged.getMessage() == (
        "organization: more than a page of rows changed in the second 1000;"
        " Zendesk serves no more of them, continuing after it"
    )


def test_an_export_never_starts_in_the_minute_that_zendesk_withholds():
    endpoint = Endpoint(MODELS["ticket"], Responses(), None, logging.getLogger("walk"))
    before = int(time.time()) - WITHHELD_SECONDS
    started = int(endpoint.first_query(Position(time=before + 1000))["start_time"])
    assert before <= started <= int(time.time()) - WITHHELD_SECONDS
    assert endpoint.first_query(Position(time=before - 1000))["start_time"] == str(before - 1000)
    assert endpoint.first_query(Position(cursor="a")) == {"cursor": "a", "per_page": "1000"}
    assert "start_time" not in endpoint.first_query()


def test_a_position_never_moves_back():
    rows = DictRows(MODELS["ticket"], [], {}, IGNORED)
    forward = ForwardOnly(Position(time=100))
    for at, position, behind in (
        (150, Position(time=150), None),
        (1, None, Position(time=1)),
        (None, None, None),
        (149, None, Position(time=149)),
        (150, Position(time=150), None),
        (151, Position(time=151), None),
    ):
        page = forward.checked(Page([], rows, at and Position(time=at)))
        assert (page.position, page.behind) == (position, behind)
    assert forward.reached == Position(time=151)
    assert ForwardOnly(Position(time=100)).checked(Page([], rows, Position(time=99))).position is None
    first = ForwardOnly(None)
    assert first.checked(Page([], rows, Position(time=1))).position == Position(time=1)
    assert first.checked(Page([], rows, Position(time=0))).behind == Position(time=0)
