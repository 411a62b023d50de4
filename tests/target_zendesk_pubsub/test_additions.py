"""Which changes of the contract a consumer would not survive."""

import copy
import json
from pathlib import Path

import pytest
from target_zendesk_pubsub.additions import breaking_changes
from target_zendesk_pubsub.contract import VERSION

CONTRACT = Path(__file__).parents[2] / "target-zendesk-pubsub" / "contract"
CURRENT = json.loads((CONTRACT / "asyncapi.json").read_text())
RELEASED = sorted(
    (CONTRACT / "released").glob("*.json"), key=lambda path: [int(part) for part in path.stem.split(".")]
)


def test_the_releases_of_this_version_are_only_added_to():
    same = [path for path in RELEASED if path.stem.partition(".")[0] == VERSION.partition(".")[0]]
    assert {path.stem: breaking_changes(json.loads(path.read_text()), CURRENT) for path in same} == {
        path.stem: [] for path in same
    }


def test_the_last_release_is_this_version():
    assert json.loads((CONTRACT / "released" / f"{VERSION}.json").read_text()) == CURRENT, (
        "raise SCHEMA_ADDITIONS in messages.py, then run target-zendesk-pubsub/make_contract.py --release"
    )
    assert RELEASED[-1].stem == VERSION


@pytest.fixture
def document():
    return copy.deepcopy(CURRENT)


def data(document):
    return document["components"]["schemas"]["TicketData"]


def headers(document):
    return document["components"]["messages"]["ticket-message"]["headers"]


def test_optional_properties_messages_topics_and_descriptions_may_be_added(document):
    data(document)["properties"]["language"] = {"type": "string"}
    document["components"]["schemas"]["User"]["properties"]["role"] = {"type": "string"}
    headers(document)["properties"]["language"] = {"type": "string"}
    data(document)["properties"]["status"]["description"] = "Another one"
    data(document)["properties"]["status"]["x-personal"] = "values"
    document["components"]["messages"]["another"] = {}
    document["channels"]["another"] = {}
    assert breaking_changes(CURRENT, document) == []


def removed_property(document):
    del data(document)["properties"]["priority"]


def narrowed_type(document):
    data(document)["properties"]["priority"]["anyOf"].pop()


def widened_type(document):
    data(document)["properties"]["ticketId"]["type"] = ["integer", "string"]


def changed_format(document):
    del data(document)["properties"]["createdAt"]["format"]


def changed_items(document):
    data(document)["properties"]["tags"]["items"]["type"] = "integer"


def new_required(document):
    data(document)["properties"]["language"] = {"type": "string"}
    data(document)["required"].append("language")


def no_longer_required(document):
    data(document)["required"].remove("priority")


def narrowed_enum(document):
    document["components"]["schemas"]["User"]["properties"]["kind"]["enum"].remove("user")


def narrowed_event_types(document):
    headers(document)["properties"]["event_type"]["enum"].remove("restored")


def closed_to_additions(document):
    data(document)["additionalProperties"] = False


def removed_attribute(document):
    del headers(document)["properties"]["environment"]


def another_version(document):
    data(document)["properties"]["schemaVersion"]["const"] = 2


def lost_personal_mark(document):
    del data(document)["properties"]["subject"]["x-personal"]


def removed_message(document):
    del document["components"]["messages"]["ticket-message"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (removed_property, "ticket-message.payload.priority: removed"),
        (narrowed_type, "ticket-message.payload.priority: anyOf was "),
        (widened_type, "ticket-message.payload.ticketId: type was integer, is ['integer', 'string']"),
        (changed_format, "ticket-message.payload.createdAt: format was date-time, is None"),
        (changed_items, "ticket-message.payload.tags[]: type was string, is integer"),
        (new_required, "ticket-message.payload.language: newly required"),
        (no_longer_required, "ticket-message.payload.priority: no longer required"),
        (
            narrowed_enum,
            "ticket-message.payload.assignee.kind: enum was ['member', 'user'], is ['member']",
        ),
        (narrowed_event_types, "ticket-message.headers.event_type: enum was "),
        (closed_to_additions, "ticket-message.payload: additionalProperties was None, is False"),
        (removed_attribute, "ticket-message.headers.environment: removed"),
        (another_version, "ticket-message.payload.schemaVersion: const was 1, is 2"),
        (lost_personal_mark, "ticket-message.payload.subject: x-personal was text, is None"),
        (removed_message, "ticket-message: removed"),
    ],
)
def test_a_change_that_breaks_consumers_or_replays_is_named(change, sentence, document):
    change(document)
    assert breaking_changes(CURRENT, document)[0].startswith(sentence)
