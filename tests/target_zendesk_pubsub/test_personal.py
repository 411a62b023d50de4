"""Columns that hold what a ticket says: BigQuery keeps them from readers by a policy tag."""

import pytest

from tests.target_zendesk_pubsub.tickets import STRANGER, schema, state, ticket

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
