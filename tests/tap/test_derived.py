"""Models whose rows are inside the objects of another: comments and changed fields of ticket events, metrics of tickets."""

import base64
import json

import pytest
from tap_zendesk_cityblock.columns import load_schema

EVENTS = "/api/v2/incremental/ticket_events"
TICKETS = "/api/v2/incremental/tickets/cursor"
OF_EVENTS = ["ticket_event", "ticket_comment", "ticket_field_history"]


def only(*models, **settings):
    return {"bulk_models": [], "incremental_models": list(models), **settings}


def asked(zendesk, path):
    return [request["query"] for request in zendesk.requests() if request["path"] == path]


def test_parts_come_by_the_same_pages_as_their_source(tap, zendesk):
    alone = tap(**only("ticket_event", page_size=100))
    pages = len(asked(zendesk, EVENTS))
    together = tap(**only(*OF_EVENTS, page_size=100))
    assert together.code == 0, together.stderr
    assert len(asked(zendesk, EVENTS)) == 2 * pages
    assert together.ids("ticket_event") == alone.ids("ticket_event")
    for model in OF_EVENTS[1:]:
        assert set(together.ids(model)) == zendesk.ids(model)


def test_each_schema_stands_before_the_first_row_of_its_stream(tap):
    result = tap(**only(*OF_EVENTS, "ticket", "ticket_metric_set"))
    written = [(message["type"], message.get("stream")) for message in result.messages]
    for model in (*OF_EVENTS, "ticket", "ticket_metric_set"):
        assert written.count(("SCHEMA", model)) == 1
        assert written.index(("SCHEMA", model)) < written.index(("RECORD", model))


@pytest.mark.parametrize(
    ("source", "part"), [("ticket_event", "ticket_comment"), ("ticket", "ticket_metric_set")]
)
def test_a_part_that_is_added_later_misses_nothing_and_its_source_repeats_nothing(source, part, tap, zendesk):
    first = tap(**only(source, page_size=50))
    second = tap(**only(source, part, page_size=50), state=first.states[-1])
    assert set(second.ids(part)) == zendesk.ids(part)
    assert second.ids(source) == []
    assert second.states[-1]["bookmarks"][source] == first.states[-1]["bookmarks"][source]
    zendesk.advance()
    third = tap(**only(source, part, page_size=50), state=second.states[-1])
    assert {*first.ids(source), *third.ids(source)} == zendesk.ids(source)
    assert 0 < len(third.ids(source)) < len(first.ids(source)) / 2
    assert set(third.ids(part)) <= zendesk.ids(part)


def test_a_source_that_is_rewound_leaves_its_parts_where_they_are(tap, zendesk):
    first = tap(**only(*OF_EVENTS, page_size=50))
    state = first.states[-1]
    state["bookmarks"]["ticket_event"]["start_time"] = 1_600_000_000
    second = tap(**only(*OF_EVENTS, page_size=50), state=state)
    assert set(second.ids("ticket_event")) <= zendesk.ids("ticket_event")
    assert len(second.ids("ticket_event")) > 50
    assert second.ids("ticket_comment") == []


def test_export_metadata_has_each_models_own_start_and_rows(tap):
    first = tap(**only("ticket_event"))
    second = tap(**only(*OF_EVENTS), state=first.states[-1])
    rows = {row["table_name"]: row for row in second.records("EXPORT_METADATA")}
    assert set(rows) == {*OF_EVENTS, "comment_redaction"}
    assert rows["ticket_comment"]["export_count"] == len(second.ids("ticket_comment")) > 0
    assert rows["ticket_comment"]["start_time"] < rows["ticket_event"]["start_time"]
    assert {row["export_status"] for row in rows.values()} == {"complete"}


def test_metric_sets_are_asked_for_only_if_their_model_is_named(tap, zendesk):
    tap(**only("ticket"))
    assert not any("include" in query for query in asked(zendesk, TICKETS))
    result = tap(**only("ticket", "ticket_metric_set"))
    assert asked(zendesk, TICKETS)[-1]["include"] == "metric_sets"
    assert not any("metric_set" in ticket for ticket in result.records("ticket"))
    listed = {metric["ticket_id"] for metric in zendesk.objects("ticket_metric")}
    exported = {metric["ticket_id"] for metric in result.records("ticket_metric_set")}
    assert exported == zendesk.ids("ticket")
    assert listed < exported  # archived and deleted tickets have none in the list


def test_a_part_is_exported_where_the_catalog_deselects_its_source(tap, zendesk):
    streams = [
        {
            "tap_stream_id": model,
            "schema": load_schema(model),
            "metadata": [{"breadcrumb": [], "metadata": {"selected": model != "ticket_event"}}],
        }
        for model in OF_EVENTS
    ]
    result = tap(**only(*OF_EVENTS), catalog={"streams": streams})
    assert result.code == 0, result.stderr
    assert set(result.ids("ticket_comment")) == zendesk.ids("ticket_comment")
    assert "ticket_event" not in {message.get("stream") for message in result.messages}
    assert not result.states[-1]["bookmarks"].get("ticket_event")


def test_a_deselected_property_of_a_part_is_left_out(tap):
    stream = {"tap_stream_id": "ticket_comment", "schema": load_schema("ticket_comment")}
    stream["metadata"] = [
        {"breadcrumb": [], "metadata": {"selected": True}},
        {"breadcrumb": ["properties", "html_body"], "metadata": {"selected": False}},
    ]
    result = tap(**only("ticket_comment"), catalog={"streams": [stream]})
    assert all("html_body" not in comment and comment["body"] for comment in result.records("ticket_comment"))


def test_a_comment_knows_its_ticket_and_whatever_via_may_be(tap, zendesk):
    comments = tap(**only("ticket_comment")).records("ticket_comment")
    assert {comment["ticket_id"] for comment in comments} == zendesk.ids("ticket")  # deleted ones, too
    assert {type(comment["via"]["channel"]) for comment in comments} == {
        str
    }  # a word or a number is the channel
    assert {comment["public"] for comment in comments} == {True, False}
    assert any(comment["attachments"] for comment in comments)


def test_a_field_history_ends_with_what_the_ticket_has(tap, zendesk):
    history = tap(**only("ticket_field_history")).records("ticket_field_history")
    tickets = {ticket["id"]: ticket for ticket in zendesk.objects("ticket")}
    last = {}
    for change in history:
        last[change["ticket_id"], change["field_name"]] = change["value"]
    for ticket_id, ticket in tickets.items():
        assert last[ticket_id, "status"] == ticket["status"]
        for field in ticket["custom_fields"]:
            if field["value"] is not None:
                value = field["value"]
                assert last[ticket_id, str(field["id"])] in (value, json.dumps(value, separators=(",", ":")))
    changed = [
        change for change in history if change["event_type"] == "Change" and change["field_name"] == "status"
    ]
    assert any(change["previous_value"] == "new" for change in changed)


def test_a_child_event_with_several_fields_is_a_row_for_each(tap, zendesk):
    child = {
        "id": 9,
        "via": "Web form",
        "status": "open",
        "custom_ticket_fields": {"21": ["rx"], "22": None},
        "event_type": "Change",
        "previous_value": None,
    }
    schedule = {
        "id": 10,
        "event_type": "ScheduleAssignment",
        "previous_schedule_id": None,
        "new_schedule_id": 7,
    }
    event = {"id": 8, "ticket_id": 3, "timestamp": 1_700_000_000, "created_at": "2023-11-14T22:13:20Z"}
    body = {
        "ticket_events": [{**event, "child_events": [child, schedule]}],
        "end_time": 1_700_000_000,
        "end_of_stream": True,
    }
    zendesk.fault(EVENTS, status=200, body=body)
    rows = tap(**only("ticket_field_history")).records("ticket_field_history")
    assert [(row["id"], row["field_name"], row["value"]) for row in rows] == [
        ("9-status", "status", "open"),
        ("9-21", "21", '["rx"]'),
        ("9-22", "22", None),
        ("10-previous_schedule_id", "previous_schedule_id", None),
        ("10-new_schedule_id", "new_schedule_id", "7"),
    ]
    assert {row["ticket_event_id"] for row in rows} == {8}


@pytest.mark.parametrize(
    "maps", [None, {"ticket_comment": {"id": "record['id']"}}], ids=["as it is", "mapped"]
)
def test_a_new_property_of_a_comment_is_left_out_and_logged_once(maps, tap, zendesk):
    comments = [{"id": number, "event_type": "Comment", "mood": "Secretive"} for number in (1, 2)]
    body = {
        "ticket_events": [{"id": 8, "child_events": comments}],
        "end_time": 1_700_000_000,
        "end_of_stream": True,
    }
    zendesk.fault(EVENTS, status=200, body=body)
    result = tap(**only("ticket_comment"), stream_maps=maps)
    assert result.code == 0, result.stderr
    assert result.stderr.count("ticket_comment: Zendesk has a new property, mood") == 1
    assert result.ids("ticket_comment") == [1, 2]
    assert "Secretive" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    "maps", [None, {"ticket_comment": {"id": "record['id']"}}], ids=["as it is", "mapped"]
)
@pytest.mark.parametrize("children", ["Secretive", [["Secretive"]], 7, {"id": "Secretive"}], ids=str)
def test_child_events_that_are_none_cost_no_other_event(children, maps, tap, zendesk):
    good = [None, {"id": 70, "event_type": "Comment", "via": 27}]
    body = {
        "ticket_events": [{"id": 8, "child_events": children}, {"id": 9, "child_events": good}],
        "end_time": 1_700_000_000,
        "end_of_stream": True,
    }
    zendesk.fault(EVENTS, status=200, body=body)
    result = tap(**only("ticket_comment"), stream_maps=maps)
    assert result.code == 0, result.stderr
    assert "ticket_comment: left out 1 object with child_events not as documented" in result.stderr
    assert "ticket_comment: null entries skipped in the list of objects: 1" in result.stderr
    assert [(row["id"], row["via"]) for row in result.records("ticket_comment")] == [(70, {"channel": "27"})]
    assert "Secretive" not in result.stderr
    assert "Traceback" not in result.stderr


def test_without_child_events_there_are_no_parts(tap, zendesk):
    events = [{"id": 8}, {"id": 9, "child_events": None}, {"id": 10, "child_events": []}]
    zendesk.fault(
        EVENTS, status=200, body={"ticket_events": events, "end_time": 1_700_000_000, "end_of_stream": True}
    )
    result = tap(**only("ticket_comment"))
    assert result.code == 0, result.stderr
    assert result.ids("ticket_comment") == []


def test_a_source_that_is_not_available_is_reported_for_each_model(tap, zendesk):
    zendesk.fault(EVENTS, status=403)
    result = tap(**only("ticket_comment", "ticket_field_history", "user"))
    assert result.code == 3
    for model in ("ticket_comment", "ticket_field_history"):
        assert f"{model} (HTTP 403)" in result.stderr
    assert set(result.ids("user")) == zendesk.ids("user")


def test_a_page_that_ends_in_the_second_where_a_part_stands_is_handed_to_it(tap, zendesk):
    """Runs that set out at other times cut that second elsewhere, and the page after it repeats none of its rows."""
    moment = 1_700_000_000

    def event(number, second):
        comment = {"id": 10 * number, "event_type": "Comment"}
        return {"id": number, "timestamp": second, "child_events": [comment]}

    def page(*events, ended=False):
        body = {"ticket_events": events, "end_time": events[-1]["timestamp"], "end_of_stream": ended}
        return {"status": 200, "body": {**body, "next_page": None if ended else f"{zendesk.url}{EVENTS}"}}

    first, second, third = event(1, moment - 9), event(2, moment), event(3, moment)
    zendesk.fault(EVENTS, **page(first, second, third))
    zendesk.fault(EVENTS, **page(second, third, event(4, moment + 9), ended=True))
    result = tap(
        **only("ticket_event", "ticket_comment", page_size=3),
        state={
            "bookmarks": {
                "ticket_event": {"start_time": moment - 99},
                "ticket_comment": {"start_time": moment},  # a page that ended with the second event
            }
        },
    )
    assert result.code == 0, result.stderr
    assert {20, 30, 40} <= set(result.ids("ticket_comment"))


def test_a_cursor_is_ahead_by_parts_of_a_second_too(tap, zendesk):
    def cursor(place):
        return base64.b64encode(place).decode()

    rows = [{"id": 3, "generated_timestamp": 1767225420}]
    body = {"tickets": rows, "after_cursor": cursor(b"1767225420.95||3|"), "end_of_stream": True}
    zendesk.fault("/api/v2/incremental/tickets/cursor", status=200, body=body)
    stands = {"ticket": b"1767225420.9||5|", "ticket_metric_set": b"1767225420.1||1|"}
    bookmarks = {model: {"cursor": cursor(place)} for model, place in stands.items()}
    result = tap(**only("ticket", "ticket_metric_set"), state={"bookmarks": bookmarks})
    assert result.code == 0, result.stderr
    assert result.ids("ticket") == [3]
