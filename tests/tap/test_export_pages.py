"""Pages of incremental exports: what follows a page, where a later run continues, and what is refused."""

import json

import msgspec
import pytest
from tap_zendesk_cityblock.errors import CursorInvalidError, IncompleteError, UnexpectedResponseError
from tap_zendesk_cityblock.models import MODELS
from tap_zendesk_cityblock.readers.parsing import read_page
from tap_zendesk_cityblock.readers.queries import first_query, larger, largest, query_at
from tap_zendesk_cityblock.rows.decoding import DictRows
from tap_zendesk_cityblock.rows.oddities import IGNORED
from tap_zendesk_cityblock.state.positions import Position

BASE = "https://cityblock.zendesk.com"
MORE = f"{BASE}/api/v2/more.json?start_time=1500"
FIRST = {"start_time": "1000", "per_page": "100", "include": "metric_sets"}
SECOND = {"cursor": "a", "per_page": "100", "include": "metric_sets"}
BY_TIME = {"start_time": "1000", "per_page": "50", "include": "x"}
BY_ADDRESS = {"start_time": "1000", "limit": "2"}


def read(name, query, rows=1, **shown):
    """A page of so many objects, whose response has these properties."""
    model = MODELS[name]
    body = {model.root: [{model.key: number} for number in range(rows)], **shown}
    page = read_page(model, query, json.dumps(body).encode(), BASE, DictRows(model, [model.key], {}, IGNORED))
    assert [record[model.key] for record in page.records] == list(range(rows))
    return page


class TestByCursor:
    @pytest.mark.parametrize("query", [FIRST, SECOND])
    @pytest.mark.parametrize(
        "more",
        [
            {"end_of_stream": False},
            {},
            {"meta": {"has_more": True}},
            {"meta": {"has_more": True}, "end_of_stream": True},
            {"meta": {"has_more": False}, "end_of_stream": False},
            {"meta": {}, "end_of_stream": False},
            {"meta": "more", "end_of_stream": False},
        ],
        ids=str,
    )
    def test_an_export_that_has_not_ended_continues_at_the_cursor(self, query, more):
        page = read("ticket", query, after_cursor="b", **more)
        assert page.next == {"per_page": "100", "include": "metric_sets", "cursor": "b"}
        assert page.position == Position(cursor="b")
        assert page.overflowing_second is None

    @pytest.mark.parametrize(
        "ended", [{"end_of_stream": True}, {"meta": {"has_more": False}}, {"meta": {}, "end_of_stream": True}]
    )
    @pytest.mark.parametrize("cursor", ["a", "b"])
    def test_the_last_page_has_the_cursor_of_the_next_run_also_if_it_did_not_move(self, cursor, ended):
        page = read("ticket", SECOND, after_cursor=cursor, **ended)
        assert page.next is None
        assert page.position == Position(cursor=cursor)

    @pytest.mark.parametrize("cursor", [{}, {"after_cursor": None}, {"after_cursor": ""}], ids=str)
    def test_a_page_without_a_cursor_has_no_position_and_has_to_be_the_last_one(self, cursor):
        page = read("ticket", FIRST, end_of_stream=True, **cursor)
        assert (page.next, page.position) == (None, None)
        for more in ({}, {"end_of_stream": False}):
            with pytest.raises(
                UnexpectedResponseError,
                match=r"^ticket: the export has not ended, but its response has no cursor to continue from$",
            ):
                read("ticket", FIRST, **cursor, **more)

    @pytest.mark.parametrize("more", [{"end_of_stream": False}, {}])
    def test_a_cursor_that_does_not_move_is_invalid(self, more):
        with pytest.raises(
            CursorInvalidError, match=r"^the export has not ended, but its cursor does not advance$"
        ):
            read("ticket", SECOND, after_cursor="a", **more)


class TestByTime:
    @pytest.mark.parametrize("more", [{"end_of_stream": False}, {"next_page": MORE}], ids=str)
    @pytest.mark.parametrize("rows", [1, 50])
    @pytest.mark.parametrize("end", [1001, 1500, "1500"])
    def test_a_time_that_moves_is_followed(self, more, rows, end):
        page = read("organization", BY_TIME, rows, end_time=end, **more)
        assert page.next == {"per_page": "50", "include": "x", "start_time": str(end)}
        assert page.position == Position(time=int(end))
        assert page.overflowing_second is None

    @pytest.mark.parametrize(
        ("rows", "shown"),
        [
            (50, {"end_of_stream": True, "next_page": MORE}),
            (50, {}),
            (50, {"next_page": None}),
            (0, {"next_page": MORE}),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("end", [900, 1000, 1500])
    def test_the_last_page_has_the_time_of_the_next_run(self, rows, shown, end):
        page = read("organization", BY_TIME, rows, end_time=end, **shown)
        assert (page.next, page.position) == (None, Position(time=end))

    @pytest.mark.parametrize("end", [900, 1000])
    @pytest.mark.parametrize(("size", "rows"), [("50", 49), ("1000", 99)])
    def test_a_page_that_is_not_full_and_does_not_move_is_the_last_one(self, end, size, rows):
        page = read("call", {**BY_TIME, "per_page": size}, rows, end_time=end, next_page=MORE)
        assert (page.next, page.position) == (None, Position(time=end))

    @pytest.mark.parametrize(
        ("size", "rows", "shown"),
        [
            ("50", 50, {"next_page": MORE}),
            ("1000", 100, {"next_page": MORE}),
            ("50", 1, {"end_of_stream": False}),
        ],
        ids=str,
    )
    def test_a_page_that_may_be_full_of_one_second_continues_after_it_and_says_so(self, size, rows, shown):
        page = read("call", {**BY_TIME, "per_page": size}, rows, end_time=1000, **shown)
        assert page.next == {"per_page": size, "include": "x", "start_time": "1001"}
        assert page.position == Position(time=1001)
        assert page.overflowing_second == 1000

    @pytest.mark.parametrize(("rows", "shown"), [(50, {"next_page": MORE}), (1, {"end_of_stream": False})])
    def test_a_time_that_moves_back_is_refused(self, rows, shown):
        with pytest.raises(
            UnexpectedResponseError,
            match=r"^call: the export has not ended, but its end_time moved back$",
        ):
            read("call", BY_TIME, rows, end_time=999, **shown)

    @pytest.mark.parametrize(
        ("rows", "shown"),
        [
            (1, {"end_of_stream": True, "next_page": MORE}),
            (0, {"next_page": MORE}),
            (1, {"next_page": None}),
            (1, {}),
        ],
        ids=str,
    )
    def test_a_last_page_without_a_time_has_no_position(self, rows, shown):
        page = read("organization", BY_TIME, rows, **shown)
        assert (page.next, page.position) == (None, None)

    @pytest.mark.parametrize(
        ("rows", "shown"),
        [(1, {"next_page": MORE}), (0, {"end_of_stream": False}), (1, {"end_of_stream": False})],
        ids=str,
    )
    def test_more_without_a_time_is_refused(self, rows, shown):
        with pytest.raises(
            UnexpectedResponseError,
            match=r"^organization: the export has not ended, but its response has no time to continue from$",
        ):
            read("organization", BY_TIME, rows, **shown)

    @pytest.mark.parametrize("end", ['"soon"', "[]", "{}", "-1", "1e300", "99999999999", '"99999999999"'])
    def test_an_end_that_is_no_time_of_the_past_never_becomes_the_state(self, end):
        model = MODELS["organization"]
        body = b'{"organizations": [], "end_of_stream": true, "end_time": %b}' % end.encode()
        with pytest.raises(UnexpectedResponseError, match="end_time is not as documented"):
            read_page(model, BY_TIME, body, BASE, DictRows(model, ["id"], {}, IGNORED))


class TestByAddress:
    def test_the_query_of_the_address_is_followed_and_is_where_the_next_run_continues(self):
        shown = "start_time=1500&start_id=7"
        page = read("chat", BY_ADDRESS, next_page=f"{BASE}/api/v2/chats?{shown}")
        assert page.next == {"start_time": "1500", "limit": "2", "start_id": "7"}
        assert page.position == Position(cursor=shown)

    @pytest.mark.parametrize(("rows", "start"), [(0, "1500"), (1, "1000"), (0, "1000")])
    def test_a_page_without_rows_or_that_leads_to_itself_is_the_last_one(self, rows, start):
        page = read("chat", BY_ADDRESS, rows, next_page=f"{BASE}/api/v2/chats?start_time={start}")
        assert (page.next, page.position) == (None, Position(cursor=f"start_time={start}"))

    @pytest.mark.parametrize("shown", [{}, {"next_page": None}, {"next_page": f"{BASE}/chats"}], ids=str)
    def test_without_a_query_to_follow_there_is_no_position(self, shown):
        page = read("chat", BY_ADDRESS, **shown)
        assert (page.next, page.position) == (None, None)


@pytest.mark.parametrize("name", ["call", "chat"])
@pytest.mark.parametrize(
    ("objects", "shown"),
    [
        ([{"id": 1}], {"next_page": None}),
        ([], {"next_page": MORE}),
        ([{"id": 1}, None, None], {"next_page": None}),
    ],
    ids=str,
)
def test_the_count_of_a_last_page_includes_what_is_left_out(name, objects, shown):
    model = MODELS[name]
    rows = DictRows(model, [model.key], {}, IGNORED)

    def body(count):
        shape = {model.root: objects, "count": count, "end_time": 1500, **shown}
        return json.dumps(shape).encode()

    query = {"start_time": "1000", "per_page": "50"}
    assert read_page(model, query, body(len(objects)), BASE, rows).next is None
    with pytest.raises(
        IncompleteError,
        match=f"^Zendesk counts {len(objects) + 1} objects but returned {len(objects)},"
        f" and its response to {model.path} has no next page$",
    ):
        read_page(model, query, body(len(objects) + 1), BASE, rows)


@pytest.mark.parametrize("name", ["call", "chat"])
def test_a_page_with_more_after_it_may_count_all_of_them(name):
    page = read(name, {"start_time": "1000", "per_page": "1"}, end_time=1500, next_page=MORE, count=99)
    assert page.next is not None


@pytest.mark.parametrize(
    ("name", "shown", "odd"),
    [
        ("ticket", {"after_cursor": 7}, "after_cursor"),
        ("organization", {"end_time": "soon", "next_page": None}, "end_time"),
        ("organization", {"end_time": 1500, "next_page": 7}, "next_page"),
        ("chat", {"next_page": "http://[x"}, "next_page"),
        ("group", {"meta": ["x"]}, "meta"),
    ],
)
def test_a_value_that_is_not_as_documented_is_named_with_its_path(name, shown, odd):
    model = MODELS[name]
    with pytest.raises(UnexpectedResponseError) as refused:
        read(name, {"start_time": "1000", "per_page": "1"}, **shown)
    assert str(refused.value) == f"{name}: in the response of {model.path}, {odd} is not as documented"


@pytest.mark.parametrize(
    ("name", "position", "size", "query"),
    [
        ("ticket", None, None, {"per_page": "1000"}),
        ("ticket", Position(time=7), 50, {"per_page": "50", "start_time": "7"}),
        ("ticket", Position(cursor="a"), 5000, {"per_page": "1000", "cursor": "a"}),
        ("group", None, None, {"page[size]": "100"}),
        ("group", None, 7, {"page[size]": "7"}),
        ("chat", Position(cursor="start_time=7&start_id=x"), 50, {"start_time": "7", "start_id": "x"}),
        ("chat", Position(time=7), 50, {"start_time": "7"}),
    ],
    ids=str,
)
def test_the_first_query_has_the_position_and_the_page_size(name, position, size, query):
    model = MODELS[name]
    assert first_query(model, position, size) == {**dict(model.query), **query}


@pytest.mark.parametrize("before", [{"cursor": "a"}, {"start_time": "3"}])
@pytest.mark.parametrize(
    ("position", "moved"), [(Position(cursor="b"), {"cursor": "b"}), (Position(time=5), {"start_time": "5"})]
)
def test_a_query_that_moves_keeps_all_but_its_position(before, position, moved):
    query = {**before, "per_page": "9", "include": "x"}
    assert query_at(MODELS["ticket"], query, position) == {"per_page": "9", "include": "x", **moved}


def test_a_page_that_was_made_smaller_grows_to_what_was_requested_first():
    ticket, group = MODELS["ticket"], MODELS["group"]
    assert larger(ticket, {"per_page": "100", "cursor": "a"}, 150) == {"per_page": "150", "cursor": "a"}
    assert larger(ticket, {"per_page": "100", "cursor": "a"}, None) == {"per_page": "200", "cursor": "a"}
    assert larger(ticket, {"per_page": "900"}, None) == {"per_page": "1000"}
    assert larger(group, {"page[size]": "30"}, None) == {"page[size]": "60"}
    assert larger(group, {"page[size]": "30", "page": "2"}, None) == {"page[size]": "30", "page": "2"}
    assert larger(MODELS["target"], {"per_page": "30"}, None) == {"per_page": "30"}
    assert larger(MODELS["chat"], {"limit": "30"}, None) == {"limit": "30"}


def test_the_largest_page_is_what_zendesk_serves():
    assert largest(MODELS["ticket"], {"per_page": "5", "cursor": "a"}) == {"per_page": "1000", "cursor": "a"}
    assert largest(MODELS["group"], {"page[size]": "5"}) == {"page[size]": "100"}
    limited = msgspec.structs.replace(MODELS["group"], largest_page=50)
    assert largest(limited, {"page[size]": "5"}) == {"page[size]": "50"}
    assert first_query(limited, None, 80)["page[size]"] == "50"
    assert larger(limited, {"page[size]": "30"}, 80) == {"page[size]": "50"}
