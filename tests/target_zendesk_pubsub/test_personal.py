"""What a ticket says: BigQuery keeps it from readers by a policy tag, and no log, attribute or state has it."""

import json

import pytest

from tests.target_zendesk_pubsub.tickets import CANARY, PERSONAL, STRANGER, schema, state, ticket

pytestmark = pytest.mark.usefixtures("company")

POLICY_TAG = "projects/p/locations/us/taxonomies/1/policyTags/2"
HELD = {
    "zendesk_ticket": "data",
    "zendesk_ticket_intent": "data",
    "zendesk_ticket_refused": "data",
    "TICKET_USER_JOIN_ERROR": "payload",
}


@pytest.fixture
def tables(warehouse, dataset, messages_dataset):
    return lambda: [
        warehouse.client.get_table(f"{dataset if name.isupper() else messages_dataset}.{name}")
        for name in HELD
    ]


@pytest.fixture
def tags(tables):
    """Each column with a tag, and the tag."""
    return lambda: {
        (table.table_id, field.name): field.policy_tags.names[0]
        for table in tables()
        for field in table.schema
        if field.policy_tags and field.policy_tags.names
    }


def run(publish, number, **settings):
    ran = publish(
        [schema(), ticket(number), ticket(number + 1, assignee_id=STRANGER), state(number)], **settings
    )
    assert ran.code == 0, ran.stderr


def test_what_a_ticket_says_is_tagged_from_the_first_row_on(publish, tags, rows):
    run(publish, 1, policy_tag=POLICY_TAG)
    assert tags() == dict.fromkeys(HELD.items(), POLICY_TAG)
    assert (len(rows("published")), len(rows("waiting"))) == (1, 1)


def test_tables_from_before_there_was_a_tag_get_it_and_keep_it(publish, tags, rows):
    run(publish, 1)
    assert tags() == {}
    run(publish, 3, policy_tag=POLICY_TAG)
    assert tags() == dict.fromkeys(HELD.items(), POLICY_TAG)
    run(publish, 5)
    assert tags() == dict.fromkeys(HELD.items(), POLICY_TAG)
    assert (len(rows("published")), len(rows("waiting"))) == (3, 3)


def test_a_tag_that_is_there_stays(publish, tags):
    run(publish, 1, policy_tag=POLICY_TAG)
    run(publish, 3, policy_tag=f"{POLICY_TAG}0")
    assert tags() == dict.fromkeys(HELD.items(), POLICY_TAG)


SAID = {
    "published": ([ticket(1, **PERSONAL)], {}, 0),
    "waiting": ([ticket(1, assignee_id=STRANGER, **PERSONAL)], {}, 0),
    "refused": (
        [
            ticket(1, updated_at=f"2026-01-01T00:00:00.{'0' * 1025}Z", **PERSONAL),
            ticket(2, **{**PERSONAL, "subject": CANARY * 900_000}),
        ],
        {},
        0,
    ),
    "Pub/Sub away": ([ticket(1, **PERSONAL)], {"pubsub_emulator_host": "127.0.0.1:1", "timeout": 1}, 1),
    "rejected": ([ticket(1, **{**PERSONAL, "tags": [{CANARY: CANARY}]})], {}, 0),
}


@pytest.mark.parametrize(("tickets", "settings", "code"), SAID.values(), ids=SAID)
def test_nothing_of_a_ticket_is_in_logs_attributes_or_state(
    tickets, settings, code, publish, commons, monkeypatch
):
    monkeypatch.setenv("TARGET_ZENDESK_PUBSUB_LOGLEVEL", "debug")
    monkeypatch.setenv("GOOGLE_SDK_PYTHON_LOGGING_SCOPE", "google")  # makes Google's clients talk
    ran = publish([schema(), *tickets, state(1)], **settings)
    assert ran.code == code, ran.stderr
    assert "DEBUG" in ran.stderr
    assert CANARY not in ran.stderr
    assert CANARY not in json.dumps(ran.states)
    for message in commons.receive():
        assert CANARY in message.content["subject"]
        assert CANARY not in json.dumps(message.attributes)
        assert CANARY not in message.ordering_key
