"""Cursors and dates that people write: what cannot be meant is refused before anything is read."""

import base64
import json

import pytest
from cityblock_singer.errors import SettingsError
from tap_zendesk_cityblock.settings import Settings
from tap_zendesk_cityblock.state.bookmarks import move_bookmark, read_bookmark
from tap_zendesk_cityblock.state.positions import Position, Remainder, Search
from tap_zendesk_cityblock.state.validation import check_state

TICKETS = base64.b64encode(b"1767225420.0||1983|").decode()
CHATS = "fields=chats%28%2A%29&start_time=1767225420.0&start_id=2&limit=1000"
OPAQUE = "0b6e1f0c-54a5-4a39-9a5e-2f3c6a1d7e10"


def check(model, **bookmark):
    check_state({"bookmarks": {model: bookmark}}, "cityblock")


NO_CURSORS = {
    "dash": "-",
    "ellipsis": "…",
    "three dots": "...",
    "blank": " ",
    "word": "cursor",
    "number": "1767225420",
    "date": "2026-01-01",
    "cut within the time": TICKETS[:8],
    "cut anywhere": TICKETS[:-5],
    "with a blank": f" {TICKETS}",
    "with quotes": f'"{TICKETS}"',
    "of a list": base64.b64encode(b'{"o":"updated_at,id","v":"x"}').decode(),
}


@pytest.mark.parametrize("model", ["ticket", "user", "ticket_metric_set"])
@pytest.mark.parametrize("cursor", NO_CURSORS.values(), ids=NO_CURSORS)
def test_a_cursor_that_zendesk_cannot_have_given_is_refused(cursor, model):
    with pytest.raises(SettingsError) as refused:
        check(model, cursor=cursor, reached="2026-01-01T00:00:00+00:00")
    assert (
        f"State of {model}: its cursor is not one of Zendesk's, or was truncated; nothing was exported"
        in str(refused.value)
    )
    assert f"""meltano state merge <state id> '{{"singer_state": {{"bookmarks": {{"{model}": null""" in str(
        refused.value
    )


@pytest.mark.parametrize("cursor", ["-", "…", "word", "cursor with blanks", TICKETS[:8], OPAQUE])
@pytest.mark.parametrize("model", ["chat", "routing_attribute_event"])
def test_a_cursor_that_is_no_query_is_refused_where_cursors_are_queries(cursor, model):
    with pytest.raises(SettingsError, match="is not one of Zendesk's"):
        check(model, cursor=cursor)


@pytest.mark.parametrize("cursor", ["-", "…", "two words"])
def test_of_opaque_cursors_only_placeholders_are_refused(cursor):
    check("custom_object_record", cursors={"apartment": OPAQUE})
    with pytest.raises(SettingsError, match="is not one of Zendesk's"):
        check("custom_object_record", cursors={"apartment": OPAQUE, "house": cursor})


def test_cursors_of_zendesk_are_taken():
    check("ticket", cursor=TICKETS)
    check("user", cursor="MTU3NjYxMzUzOS4wfHw0Njd8")
    check("chat", cursor=CHATS)
    check("ticket", cursor="…", start_time=1_748_736_000)  # the time wins


def test_a_cursor_of_a_new_kind_that_zendesk_gave_is_taken_by_the_next_run():
    bookmark = {}
    move_bookmark(bookmark, Position(cursor=OPAQUE), "cityblock")
    check("ticket", **bookmark)
    assert read_bookmark(bookmark) == Position(cursor=OPAQUE)
    with pytest.raises(SettingsError, match="is not one of Zendesk's"):
        check("ticket", **bookmark | {"cursor": "…"})


def test_a_bookmark_of_null_is_none():
    check_state({"bookmarks": {"ticket": None, "group": None, "gone": None}}, "cityblock")


@pytest.mark.parametrize("setting", ["start_date", "start_time"])
@pytest.mark.parametrize(
    "text",
    [
        "01/11/2025",
        "11/01/2025",
        "1.11.2025",
        "01-11-2025",
        "20251101",
        "2025-W44-6",
        "2025-11",
        "yesterday",
        "",
        "2025-13-01",
        "2025-11-01x08:00",
    ],
)
def test_a_date_that_is_not_iso_is_refused(text, setting):
    with pytest.raises(SettingsError, match=setting):
        Settings.from_config({"subdomain": "cityblock", "incremental_models": ["ticket"], setting: text})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2025-11-01", 1_761_955_200),
        ("2025-11-01T08:00:00Z", 1_761_984_000),
        ("2025-11-01 08:00", 1_761_984_000),
        ("2025-11-01T08:00:00.5+02:00", 1_761_976_800),
    ],
)
def test_a_date_of_iso_is_taken(text, seconds):
    settings = Settings.from_config(
        {"subdomain": "cityblock", "incremental_models": ["ticket"], "start_time": text}
    )
    assert settings.start_time == seconds


@pytest.mark.parametrize("cursor", NO_CURSORS.values(), ids=NO_CURSORS)
def test_a_start_cursor_that_zendesk_cannot_have_given_is_refused(cursor):
    config = {"subdomain": "cityblock", "incremental_models": ["ticket"], "start_cursor": cursor}
    with pytest.raises(SettingsError, match="Invalid start_cursor"):
        Settings.from_config(config)


SEARCH = {"since": 1_569_801_600, "until": 1_767_222_000, "unread": [], "rows": 0, "total": 250}


@pytest.mark.parametrize(
    "changed",
    [
        {"unread": [[5, 3]]},
        {"unread": [[3, 9], [5, 12]]},
        {"unread": [[3, 9_999_999_999]]},
        {"unread": "all"},
        {"rows": -1},
        {"since": None},
        {"more": 1},
    ],
)
def test_an_edited_search_is_refused(changed):
    check("ticket", search=SEARCH)
    with pytest.raises(SettingsError, match="State of ticket: only the tap writes search; write "):
        check("ticket", search=SEARCH | changed)


def test_a_bookmark_of_searches_is_read_as_it_is_written():
    position = Position(time=10, search=Search(10, 90, ((0, 20), (40, 90)), 7, 99))
    bookmark = {}
    move_bookmark(bookmark, position, "cityblock")
    assert read_bookmark(json.loads(json.dumps(bookmark))) == position
    assert read_bookmark({**bookmark, "start_time": 5}) == Position(time=5)


def test_a_remainder_whose_cursor_contains_no_time_is_read_as_it_is_written():
    """Zendesk may change the form of its cursors between two pages; the tap's own state must not end its next run."""
    left = Remainder(Position(cursor="opaque-cursor"), 90)
    bookmark = {}
    move_bookmark(bookmark, Position(cursor="opaque-cursor", remainder=left), "cityblock")
    check("ticket", **bookmark)
    assert read_bookmark(bookmark).remainder == left


@pytest.mark.parametrize("left", [{"until": 5}, {"start_time": 5}, {"cursor": "x", "until": 5}, 7])
def test_an_edited_remainder_is_refused(left):
    with pytest.raises(SettingsError, match="State of ticket: only the tap writes remainder"):
        check("ticket", start_time=5, remainder=left)


@pytest.mark.parametrize(
    "sources",
    [{}, {"lists": {"start_time": 1}}, {"list": {"cursor": "x"}}],
    ids=["empty", "unknown", "cursor"],
)
def test_edited_sources_are_refused(sources):
    with pytest.raises(SettingsError, match="State of ticket: only the tap writes sources"):
        check("ticket", sources=sources)
