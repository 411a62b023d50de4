"""Rows inside other rows, from bytes and from dicts: which there are, and what is in them."""

import logging

import msgspec
import pytest
from tap_zendesk_cityblock.columns import load_schema
from tap_zendesk_cityblock.errors import UnexpectedResponseError
from tap_zendesk_cityblock.models import MODELS, UNKNOWN_PROPERTIES
from tap_zendesk_cityblock.rows.decoding import DictRows, RawRows
from tap_zendesk_cityblock.rows.derived import DerivedRows
from tap_zendesk_cityblock.rows.oddities import IGNORED, Oddities
from tap_zendesk_cityblock.rows.redaction_events import bring_up_to_date, changed_comments, has_comment

CONSTANTS = {"_export_id": "1", "_hidden": "2"}
of_each_form = pytest.mark.parametrize("form", [RawRows, DictRows])


def source_rows(form, source, names):
    names = list(dict.fromkeys([source.key, source.clock, *names]))
    if form is RawRows:
        return RawRows(source, names, names, {}, IGNORED)
    return DictRows(source, names, {}, IGNORED)


def read(form, source, *objects, names=("child_events",)):
    rows = source_rows(form, source, names)
    _, records = rows.read(msgspec.json.encode({source.root: objects}))
    return rows, records


@pytest.fixture
def derive(caplog):
    """The rows of a model in these objects of its source, without the columns that are null."""

    def run(form, name, *objects, selected=None):
        model = MODELS[name]
        known = [*load_schema(name)["properties"], UNKNOWN_PROPERTIES]
        oddities = Oddities(name, logging.getLogger("derived"))
        chosen = [*(known if selected is None else selected), "_export_id"]
        made = DerivedRows(model, known, chosen, CONSTANTS, oddities)
        rows, records = read(form, MODELS[model.derivation.of], *objects, names=model.derivation.needed)
        found = msgspec.json.decode(msgspec.json.encode(made.of(records, rows)))
        run.messages, run.oddities = [entry.getMessage() for entry in caplog.records], oddities
        assert all(row.pop("_export_id") == "1" and "_hidden" not in row for row in found)
        return found

    return run


def event(*children, **properties):
    shown = {"id": 8, "ticket_id": 3, "timestamp": 17, "created_at": "2023-11-14T22:13:20Z", "updater_id": 5}
    return {**shown, **properties, "child_events": children}


def only(row, *names):
    return {name: row[name] for name in names if name in row}


@of_each_form
@pytest.mark.parametrize(
    ("via", "exported"),
    [
        ("Web form", {"channel": "Web form"}),
        (27, {"channel": "27"}),
        (1.5, {"channel": "1.5"}),
        (True, True),
        (None, None),
        ({"channel": "x"}, {"channel": "x"}),
        ([1], [1]),
    ],
    ids=str,
)
def test_a_comment_has_its_ticket_and_an_object_as_via(form, via, exported, derive):
    child = {"id": 70, "event_type": "Comment", "body": "a", "via": via, "via_reference_id": 9}
    [row] = derive(form, "ticket_comment", event(child, {"id": 71, "event_type": "Change"}, {"id": 72}))
    assert row["id"] == 70
    assert row["body"] == "a"
    assert row["via"] == exported
    assert row["via_reference_id"] == "9"
    taken = dict(MODELS["ticket_comment"].derivation.copied)
    assert {ours: row[ours] for ours in taken} == {ours: event()[theirs] for ours, theirs in taken.items()}
    assert derive.messages == []


@of_each_form
def test_only_selected_properties_of_a_derived_row_are_exported(form, derive):
    child = {"id": 70, "event_type": "Comment", "body": "a", "public": True}
    assert derive(form, "ticket_comment", event(child), selected=["id", "body"]) == [{"id": 70, "body": "a"}]
    assert derive(form, "ticket_comment", event(child), selected=["ticket_id"]) == [{"ticket_id": 3}]


@of_each_form
def test_new_properties_of_derived_rows_are_kept_as_text_and_logged_once(form, derive):
    children = [{"id": number, "event_type": "Comment", "mood": [number]} for number in (1, 2)]
    rows = derive(form, "ticket_comment", event(*children), event({"id": 3, "event_type": "Comment"}))
    assert [row.get(UNKNOWN_PROPERTIES) for row in rows] == ['{"mood":[1]}', '{"mood":[2]}', None]
    assert not any("mood" in row for row in rows)
    assert derive.messages == [
        "ticket_comment: Zendesk has a new property, mood; it is left out until the schema has it"
    ]


@of_each_form
@pytest.mark.parametrize("children", ["Secretive", [["Secretive"]], 7, {"id": "Secretive"}], ids=str)
def test_child_events_that_are_none_cost_no_other_event(form, children, derive):
    good = event(None, {"id": 70, "event_type": "Comment"}, None)
    rows = derive(form, "ticket_comment", {**event(), "child_events": children}, good)
    assert [row["id"] for row in rows] == [70]
    assert derive.oddities.count == 1
    assert sorted(set(derive.messages)) == [
        "ticket_comment: left out 1 object with child_events not as documented",
        "ticket_comment: null entries skipped in the list of objects: 1",
    ]


@of_each_form
def test_many_child_events_that_are_none_end_the_run(form, derive):
    odd = [{"id": number, "child_events": 7} for number in range(11)]
    path = MODELS["ticket_event"].path
    with pytest.raises(
        UnexpectedResponseError,
        match=f"^ticket_comment: 11 of 12 objects in the response of {path} are with child_events not as documented$",
    ):
        derive(form, "ticket_comment", event(), *odd)


@of_each_form
def test_events_without_children_have_no_rows(form, derive):
    nothing = [{"id": 8}, {"id": 9, "child_events": None}, {"id": 10, "child_events": []}]
    assert derive(form, "ticket_comment", *nothing) == []
    assert derive.messages == []


@of_each_form
def test_a_change_of_several_fields_is_a_row_for_each(form, derive):
    child = {
        "id": 9,
        "via": "Web form",
        "event_type": "Change",
        "previous_value": ["a"],
        "added_tags": ["b"],
        "status": "open",
        "custom_ticket_fields": {"21": ["rx"], "22": None},
    }
    schedule = {"id": 10, "event_type": "ScheduleAssignment", "new_schedule_id": 7}
    empty = {"id": 11, "event_type": "Change", "custom_ticket_fields": None}
    rows = derive(form, "ticket_field_history", event(child, schedule, empty))
    assert [only(row, "id", "field_name", "value", "previous_value") for row in rows] == [
        {"id": "9-status", "field_name": "status", "value": "open", "previous_value": '["a"]'},
        {"id": "9-21", "field_name": "21", "value": '["rx"]', "previous_value": '["a"]'},
        {"id": "9-22", "field_name": "22", "value": None, "previous_value": '["a"]'},
        {"id": "10-new_schedule_id", "field_name": "new_schedule_id", "value": "7"},
    ]
    assert {(row["ticket_id"], row["ticket_event_id"], row["updater_id"]) for row in rows} == {(3, 8, 5)}
    assert [row.get("event_type") for row in rows] == ["Change"] * 3 + ["ScheduleAssignment"]
    assert derive.messages == []


@of_each_form
def test_attachments_of_comments_and_redacted_ones_are_rows(form, derive):
    attachment = {"id": "5", "file_name": "a", "height": 3}
    comment = {
        "id": 70,
        "event_type": "Comment",
        "author_id": 4,
        "public": False,
        "attachments": [attachment, None, {"id": "x"}, {"file_name": "b"}],
    }
    redaction = {"id": 71, "event_type": "AttachmentRedactionEvent", "attachment_id": "6", "comment_id": 70}
    rows = derive(form, "ticket_attachment", event(comment, {"id": 72, "event_type": "Comment"}, redaction))
    names = ("id", "comment_id", "author_id", "public", "is_redacted", "file_name", "height", "ticket_id")
    assert [only(row, *names) for row in rows] == [
        {
            "id": 5,
            "comment_id": 70,
            "author_id": 4,
            "public": False,
            "is_redacted": False,
            "file_name": "a",
            "height": "3",
            "ticket_id": 3,
        },
        {"id": 6, "comment_id": 70, "is_redacted": True, "ticket_id": 3},
    ]
    assert derive.messages == ["ticket_attachment: left out 2 objects without a usable key"]


@of_each_form
def test_an_object_inside_a_row_is_a_row_and_stays_in_the_other(form, derive):
    ticket = {"id": 3, "generated_timestamp": 17, "metric_set": {"id": 4, "ticket_id": 99, "reopens": 1}}
    rows = derive(
        form, "ticket_metric_set", ticket, {"id": 5, "metric_set": None}, {"id": 6, "metric_set": {}}
    )
    expected = {"id": 4, "ticket_id": 3, "generated_timestamp": 17, "reopens": 1}
    assert [only(row, *expected) for row in rows] == [expected]


REDACTED = {"id": 71, "event_type": "CommentRedactionEvent", "comment_id": "70"}


@of_each_form
@pytest.mark.parametrize(
    ("children", "ids"),
    [
        ([REDACTED], [70]),
        ([{"event_type": "AttachmentRedactionEvent", "comment_id": 70}], [70]),
        ([{"event_type": "CommentPrivacyChange", "comment_id": 70}], [70]),
        ([None, {"event_type": "Comment"}, REDACTED, {"event_type": "CommentRedactionEvent"}], [70, None]),
        ([{**REDACTED, "comment_id": "x"}], [None]),
        ([{**REDACTED, "comment_id": [7]}], [None]),
    ],
    ids=str,
)
def test_events_that_change_an_earlier_comment_name_it(form, children, ids):
    rows, records = read(form, MODELS["ticket_event"], event(), event(*children), {**event(), "id": 9})
    assert list(changed_comments(records, rows)) == [(records[1], ids)]


@of_each_form
@pytest.mark.parametrize(
    "children",
    [
        [{"event_type": "Comment", "body": "RedactionEvent PrivacyChange"}],
        None,
        "RedactionEvent",
        [["RedactionEvent"]],
    ],
    ids=str,
)
def test_events_that_change_no_comment_are_not_named(form, children):
    rows, records = read(form, MODELS["ticket_event"], {**event(), "child_events": children})
    assert list(changed_comments(records, rows)) == []
    assert not has_comment(records[0], rows, {70: {}})


@of_each_form
def test_a_comment_gets_what_its_list_says_now_in_the_properties_that_it_has(form):
    comment = {"id": "70", "event_type": "Comment", "body": "secret", "public": True, "author_id": 4}
    other = {"id": 71, "event_type": "Comment", "body": "kept"}
    nameless = {"event_type": "Change", "body": "kept"}
    rows, records = read(form, MODELS["ticket_event"], event(None, comment, other, nameless))
    now = {70: {"id": 70, "body": "▇", "public": False, "plain_body": "▇", "author_id": 5}, 1: {"body": "▇"}}
    assert has_comment(records[0], rows, now)
    assert not has_comment(records[0], rows, {72: {}})
    bring_up_to_date(records[0], rows, now)
    value = rows.value(records[0], "child_events")
    children = msgspec.json.decode(value) if isinstance(value, msgspec.Raw) else value
    changed = {**comment, "body": "▇", "public": False}
    assert children == [None, changed, other, nameless]


def test_an_entry_that_is_no_child_event_costs_no_other_one():
    comment = {"id": 70, "event_type": "Comment", "body": "secret"}
    rows, records = read(DictRows, MODELS["ticket_event"], event("odd", [7], comment))
    bring_up_to_date(records[0], rows, {70: {"body": "▇"}})
    assert rows.value(records[0], "child_events") == ["odd", [7], {**comment, "body": "▇"}]
