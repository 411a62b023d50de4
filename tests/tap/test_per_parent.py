"""Models whose rows are below the objects of another: an export for each, with a cursor of its own."""

from datetime import UTC, datetime

import pytest

RECORDS = "/api/v2/incremental/custom_objects"
REFUSED = {"errors": [{"code": "InvalidCursor", "status": "400", "title": "cursor is invalid or expired"}]}
OTHERS = {"clinic_visit", "care_plan"}
ONLY_RECORDS = {"bulk_models": [], "incremental_models": ["custom_object_record"]}


def asked(zendesk, start):
    return [request for request in zendesk.requests() if request["path"].startswith(start)]


def cursors(result):
    return result.states[-1]["bookmarks"]["custom_object_record"]["cursors"]


def test_each_parent_has_its_rows_and_its_cursor(tap, zendesk):
    result = tap(**ONLY_RECORDS, page_size=5)
    assert result.code == 0, result.stderr
    assert sorted(result.ids("custom_object_record")) == sorted(
        record["id"] for record in zendesk.objects("custom_object_record")
    )
    assert set(cursors(result)) == {"vehicle", *OTHERS}
    assert not result.records("custom_object")  # asked for, and not exported


def test_the_next_run_goes_on_at_each_cursor(tap, zendesk):
    first = tap(**ONLY_RECORDS)
    zendesk.advance()
    second = tap(**ONLY_RECORDS, state=first.states[-1])
    known = {record["id"] for record in zendesk.objects("custom_object_record")}
    assert len(second.ids("custom_object_record")) == 2
    assert {*first.ids("custom_object_record"), *second.ids("custom_object_record")} == known


def test_a_run_that_ended_goes_on_with_the_parents_that_are_left(tap, zendesk):
    whole = tap(**ONLY_RECORDS, page_size=10)
    halfway = next(
        state
        for state in whole.states
        if len(state["bookmarks"].get("custom_object_record", {}).get("cursors", {})) == 2
    )
    rest = tap(**ONLY_RECORDS, page_size=10, state=halfway)
    ids = whole.ids("custom_object_record")
    assert ids[-len(rest.ids("custom_object_record")) :] == rest.ids("custom_object_record")
    assert 0 < len(rest.ids("custom_object_record")) < len(ids)


def test_a_rewind_is_obeyed_for_every_parent_and_then_forgotten(tap, zendesk):
    first = tap(**ONLY_RECORDS)
    state = first.states[-1]
    state["bookmarks"]["custom_object_record"]["start_time"] = 1_600_000_000
    second = tap(**ONLY_RECORDS, state=state)
    assert len(second.ids("custom_object_record")) > len(first.ids("custom_object_record")) / 2
    bookmark = second.states[-1]["bookmarks"]["custom_object_record"]
    assert "start_time" not in bookmark
    assert any("start_time" in state["bookmarks"]["custom_object_record"] for state in second.states[:-1])


def test_a_rewind_is_forgotten_though_a_parent_may_not_be_read_and_that_one_begins_again(tap, zendesk):
    state = tap(**ONLY_RECORDS).states[-1]
    state["bookmarks"]["custom_object_record"]["start_time"] = 1_600_000_000
    zendesk.fault(f"{RECORDS}/vehicle/cursor", status=403)
    second = tap(**ONLY_RECORDS, state=state)
    assert second.code == 3
    assert "start_time" not in second.states[-1]["bookmarks"]["custom_object_record"]
    third = tap(**ONLY_RECORDS, state=second.states[-1])
    assert third.code == 0, third.stderr
    records = third.records("custom_object_record")
    assert {record["custom_object_key"] for record in records} == {"vehicle"}
    assert len(records) == sum(
        one["custom_object_key"] == "vehicle" for one in zendesk.objects("custom_object_record")
    )


def test_a_rewind_that_no_parent_could_obey_is_kept(tap, zendesk):
    state = tap(**ONLY_RECORDS).states[-1]
    state["bookmarks"]["custom_object_record"]["start_time"] = 1_600_000_000
    zendesk.fault(f"{RECORDS}/", times=3, status=403)
    second = tap(**ONLY_RECORDS, state=state)
    assert second.states[-1]["bookmarks"] == state["bookmarks"]


def test_a_parent_that_is_gone_has_no_rows_and_fails_nothing(tap, zendesk):
    zendesk.fault(f"{RECORDS}/vehicle/cursor", status=404, body={"error": "RecordNotFound"})
    result = tap(**ONLY_RECORDS)
    assert result.code == 0, result.stderr
    assert {record["custom_object_key"] for record in result.records("custom_object_record")} == OTHERS
    assert [row["export_status"] for row in result.records("EXPORT_METADATA")] == ["complete"]


@pytest.mark.parametrize("status", [403, 400])
def test_a_parent_that_may_not_be_read_stops_no_other_but_the_run_says_so(status, tap, zendesk):
    zendesk.fault(f"{RECORDS}/vehicle/cursor", status=status)
    result = tap(**ONLY_RECORDS)
    assert result.code == 3
    assert "custom_object_record (vehicle: " in result.stderr
    assert f"HTTP {status}" in result.stderr
    assert set(cursors(result)) == OTHERS
    assert result.records("EXPORT_METADATA") == []


@pytest.mark.parametrize(
    ("path", "times"), [("/api/v2/custom_objects", 1), (f"{RECORDS}/", 3)], ids=["no parents", "none of any"]
)
def test_an_account_without_any_such_thing_lacks_the_model(path, times, tap, zendesk):
    zendesk.fault(path, times=times, status=404, body={"error": "RecordNotFound"})
    result = tap(**ONLY_RECORDS)
    assert result.code == 3
    assert "custom_object_record (HTTP 404" in result.stderr


def test_a_parent_without_a_key_ends_the_run_in_a_sentence(tap, zendesk):
    zendesk.fault("/api/v2/custom_objects", status=200, body={"custom_objects": [{"title": "Secretive"}]})
    result = tap(**ONLY_RECORDS)
    assert result.code == 1
    assert "custom_object: none of the objects that Zendesk lists has a usable key" in result.stderr
    assert "Traceback" not in result.stderr
    assert "Secretive" not in result.stderr


def test_a_cursor_that_is_refused_is_healed_for_that_parent_alone(tap, zendesk):
    first = tap(**ONLY_RECORDS)
    zendesk.fault(f"{RECORDS}/vehicle/cursor", status=400, body=REFUSED)
    second = tap(**ONLY_RECORDS, state=first.states[-1])
    assert second.code == 0, second.stderr
    assert {record["custom_object_key"] for record in second.records("custom_object_record")} == {"vehicle"}


def test_a_cursor_that_names_no_time_is_not_healed_from_the_first_day(tap, zendesk):
    state = tap(**ONLY_RECORDS).states[-1]
    state["bookmarks"]["custom_object_record"]["cursors"]["vehicle"] = "mistyped-cursor"
    zendesk.fault(f"{RECORDS}/vehicle/cursor", status=400, body=REFUSED)
    result = tap(**ONLY_RECORDS, state=state)
    assert result.code == 3
    assert "cursor refused: custom_object_record (vehicle: " in result.stderr.splitlines()[-1]
    assert result.ids("custom_object_record") == []
    assert result.states[-1]["bookmarks"] == state["bookmarks"]


def test_a_row_names_its_parent(tap, zendesk):
    result = tap(bulk_models=["schedule_holiday"], incremental_models=[])
    assert result.code == 0, result.stderr
    served = {one["id"]: one["schedule_id"] for one in zendesk.objects("schedule_holiday")}
    assert {one["id"]: one["schedule_id"] for one in result.records("schedule_holiday")} == served
    assert set(served.values()) == zendesk.ids("schedule")


@pytest.mark.parametrize(
    ("bookmark", "message"),
    [
        ({"cursor": "MTU3"}, "it has a cursor for each custom_object"),
        ({"cursors": "MTU3"}, "invalid cursors: expected an object"),
        ({"cursors": {"vehicle": 7}}, "invalid cursor: expected a string"),
        ({"cursors": {"vehicle": ""}}, "invalid cursor: expected a string"),
        ({"start_time": "yesterday"}, "invalid start_time: expected whole seconds"),
        ({"start_time": 1_748_736_000_000}, "start_time is in the future"),
    ],
)
def test_a_state_that_makes_no_sense_is_refused(bookmark, message, tap):
    result = tap(**ONLY_RECORDS, state={"bookmarks": {"custom_object_record": bookmark}})
    assert result.code == 1
    assert f"State of custom_object_record: {message}" in result.stderr
    assert '{"cursors": {' in result.stderr


def test_one_cursor_for_all_parents_is_refused(tap):
    result = tap(**ONLY_RECORDS, start_cursor="MTU3")
    assert result.code == 1
    assert (
        "start_cursor: custom_object_record has one cursor per custom_object; set start_time" in result.stderr
    )


CONVERSATIONS = {"bulk_models": [], "incremental_models": ["side_conversation"]}
TICKETS = "/api/v2/tickets/"


def lists(zendesk):
    return [
        request["path"] for request in asked(zendesk, TICKETS) if request["path"].endswith("conversations")
    ]


def test_side_conversations_are_read_once_for_each_ticket_that_the_events_name(tap, zendesk):
    first = tap(**CONVERSATIONS, page_size=10)
    assert first.code == 0, first.stderr
    named = {event["ticket_id"] for event in zendesk.objects("side_conversation_event")}
    assert sorted(lists(zendesk)) == sorted(f"{TICKETS}{ticket}/side_conversations" for ticket in named)
    assert set(first.ids("side_conversation")) == zendesk.ids("side_conversation")
    assert set(first.states[-1]["bookmarks"]["side_conversation"]) == {"start_time", "subdomain"}
    [complete] = [one for one in first.records("EXPORT_METADATA") if one["export_status"] == "complete"]
    assert complete["export_count"] == len(first.records("side_conversation"))

    zendesk.advance()
    second = tap(**CONVERSATIONS, state=first.states[-1])
    assert second.code == 0, second.stderr
    assert len(lists(zendesk)) - len(named) == len(set(second.ids("side_conversation"))) in (2, 3)


def test_a_side_conversation_that_changed_after_its_list_was_read_is_read_again(tap, zendesk):
    events = "/api/v2/tickets/side_conversations/events"
    [first, *_] = sorted(zendesk.objects("side_conversation_event"), key=lambda event: event["created_at"])
    late = int(zendesk.now()) + 60
    changed = {**first, "id": "late", "created_at": datetime.fromtimestamp(late, UTC).isoformat()}
    zendesk.fault(
        events, after=1, status=200, body={"events": [changed], "end_time": late, "end_of_stream": True}
    )
    result = tap(**CONVERSATIONS, page_size=10)
    assert result.code == 0, result.stderr
    assert lists(zendesk).count(f"{TICKETS}{first['ticket_id']}/side_conversations") == 2


def test_a_deleted_ticket_stops_no_other_side_conversation_and_a_refusal_moves_no_bookmark(tap, zendesk):
    zendesk.fault(f"{TICKETS}2/side_conversations", status=404)
    result = tap(**CONVERSATIONS)
    assert result.code == 0, result.stderr
    assert "side_conversation: skipping 2: HTTP 404" in result.stderr
    assert {one["ticket_id"] for one in result.records("side_conversation")} == {
        one["ticket_id"] for one in zendesk.objects("side_conversation") if one["ticket_id"] != 2
    }
    zendesk.fault(f"{TICKETS}2/side_conversations", status=403)
    refused = tap(**CONVERSATIONS)
    assert refused.code == 3
    assert not any(state["bookmarks"].get("side_conversation") for state in refused.states)
