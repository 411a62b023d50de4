"""What a bookmark says of a position, and how it is read again: functions of the state."""

import base64

import pytest
from tap_zendesk_cityblock.state.bookmarks import drop_override, move_bookmark, read_bookmark, read_parents
from tap_zendesk_cityblock.state.positions import Position, Remainder, Search

NOON = 1_767_268_800
CURSOR = base64.b64encode(b"%d.0||123" % NOON).decode()
SEARCH = Search(since=10, until=90, unread=((10, 20), (30, 40)), rows=7, total=100)
WRITTEN_SEARCH = {"since": 10, "until": 90, "rows": 7, "total": 100, "unread": [[10, 20], [30, 40]]}

POSITIONS = {
    "time": (Position(time=NOON), {"start_time": NOON}),
    "cursor": (Position(cursor=CURSOR), {"cursor": CURSOR, "reached": "2026-01-01T12:00:00+00:00"}),
    "cursor without a time": (Position(cursor="opaque-cursor"), {"cursor": "opaque-cursor", "reached": None}),
    "sources": (
        Position(sources={"list": Position(cursor="c", time=NOON + 5), "deleted": Position(time=NOON)}),
        {
            "sources": {"deleted": {"start_time": NOON}, "list": {"cursor": "c", "start_time": NOON + 5}},
            "reached": "2026-01-01T12:00:00+00:00",
        },
    ),
    "sources without a time": (
        Position(sources={"list": Position(cursor="c")}),
        {"sources": {"list": {"cursor": "c", "start_time": None}}},
    ),
    "search": (Position(time=10, search=SEARCH), {"search": WRITTEN_SEARCH}),
    "search with deleted objects": (
        Position(
            time=10,
            search=Search(10, 90, (), 0, 0, deleted=Position(cursor="c", time=50)),
        ),
        {
            "search": {
                "since": 10,
                "until": 90,
                "rows": 0,
                "total": 0,
                "unread": [],
                "deleted": {"cursor": "c", "start_time": 50},
            }
        },
    ),
    "remainder by time": (
        Position(time=NOON, remainder=Remainder(Position(time=3), 90)),
        {"start_time": NOON, "remainder": {"start_time": 3, "until": 90}},
    ),
    "remainder by cursor": (
        Position(time=NOON, remainder=Remainder(Position(cursor="c"), 90)),
        {"start_time": NOON, "remainder": {"cursor": "c", "until": 90}},
    ),
}


@pytest.mark.parametrize(("position", "written"), POSITIONS.values(), ids=POSITIONS)
def test_a_bookmark_is_the_position_that_was_written_and_nothing_of_the_one_before(position, written):
    bookmark = {"cursor": "old", "reached": None, "search": {}, "remainder": {}, "subdomain": "other"}
    move_bookmark(bookmark, position, "city")
    assert bookmark == {**written, "subdomain": "city"}
    assert list(bookmark.get("sources", {})) == sorted(bookmark.get("sources", {}))
    assert read_bookmark(bookmark) == position


def test_without_a_position_there_is_none():
    assert read_bookmark({}) is None
    assert read_bookmark({"subdomain": "city"}) is None
    assert read_bookmark({"subdomain": "city", "remainder": {"start_time": 3, "until": 90}}) is None


def test_an_operators_time_wins_over_what_stands_beside_it():
    beside = {"cursor": CURSOR, "reached": None, "subdomain": "city"}
    assert read_bookmark({"start_time": 5, **beside}) == Position(time=5)
    assert read_bookmark({"start_time": 5, "cursors": {"a": "c"}}, "a") == Position(time=5)
    move_bookmark(beside, Position(cursor="opaque-cursor"), "city")
    assert "start_time" not in beside


def test_each_parent_has_a_position_of_its_own():
    bookmark = {"subdomain": "old"}
    move_bookmark(bookmark, Position(cursor="c1"), "city", "a")
    assert bookmark == {"cursors": {"a": "c1"}, "subdomain": "city"}
    move_bookmark(bookmark, Position(time=7), "city", "b")
    assert bookmark == {"cursors": {"a": "c1"}, "times": {"b": 7}, "subdomain": "city"}
    assert read_parents(bookmark) == {"a": Position(cursor="c1"), "b": Position(time=7)}
    assert [read_bookmark(bookmark, key) for key in ("a", "b", "c")] == [
        Position(cursor="c1"),
        Position(time=7),
        None,
    ]
    move_bookmark(bookmark, Position(cursor="c2"), "city", "b")
    assert bookmark == {"cursors": {"a": "c1", "b": "c2"}, "subdomain": "city"}
    assert read_parents({}) == {}


def test_the_other_parents_and_an_override_stay_when_one_parent_moves():
    bookmark = {"start_time": 5, "cursors": {"a": "c1"}, "times": {"b": 7}, "subdomain": "city"}
    move_bookmark(bookmark, Position(cursor="c2"), "city", "a")
    assert bookmark == {"start_time": 5, "cursors": {"a": "c2"}, "times": {"b": 7}, "subdomain": "city"}


def test_a_parent_that_has_both_is_read_by_its_cursor():
    assert read_parents({"cursors": {"a": "c"}, "times": {"a": 7}}) == {"a": Position(cursor="c")}


def test_after_an_override_the_parents_that_were_not_read_begin_again():
    bookmark = {"start_time": 5, "cursors": {"a": "c1", "b": "c2"}, "times": {"c": 7, "d": 8}}
    drop_override(bookmark, ["b", "c"])
    assert bookmark == {"cursors": {"a": "c1"}, "times": {"d": 8}}
    drop_override(bookmark, ["a", "d"])
    assert bookmark == {"cursors": {"a": "c1"}, "times": {"d": 8}}
    only = {"start_time": 0, "cursors": {"a": "c1"}}
    drop_override(only, [])
    assert only == {"cursors": {"a": "c1"}}
