"""Tickets whose users do not join: where they wait, and what becomes of them."""

import json

import pytest

from sandbox.addresses import PROJECT
from tests.target_zendesk_pubsub.tickets import AGENT, DIRECTORY, GHOST, STRANGER, schema, state, ticket

pytestmark = pytest.mark.usefixtures("company")

RESOLVED = {**DIRECTORY, STRANGER: ("M4", "member")}


@pytest.fixture
def unpublished(warehouse, dataset, messages_dataset):
    """Tickets by the query of the legacy system's README, less the columns that both tables have: BigQuery refuses those."""
    sql = f"""
        SELECT unpublished.* FROM `{PROJECT}.{dataset}.TICKET_USER_JOIN_ERROR` AS unpublished
        LEFT JOIN `{PROJECT}.{messages_dataset}.zendesk_ticket` AS published
        ON unpublished.ticket_id = CAST(JSON_EXTRACT_SCALAR(published.attributes, '$.ticket_id') AS INT64)
        WHERE published.attributes IS NULL
    """
    return lambda: sorted(row["ticket_id"] for row in warehouse.client.query_and_wait(sql))


def test_the_query_of_the_legacy_system_returns_waiting_tickets(publish, company, unpublished):
    publish([schema(), ticket(1), ticket(2, assignee_id=STRANGER), ticket(3, assignee_id=GHOST), state(3)])
    assert unpublished() == [2, 3]
    company.knows(RESOLVED, RESOLVED)
    publish()
    assert unpublished() == [3]


def test_a_resolved_ticket_is_published_by_the_next_run_even_of_an_empty_pipe(publish, company, commons):
    publish([schema(), ticket(2, 5, assignee_id=STRANGER), state(2)])
    assert commons.receive() == []
    company.knows(RESOLVED, RESOLVED)
    ran = publish()
    assert ran.code == 0, ran.stderr
    assert "1 message published" in ran.stderr
    assert "total waiting: 0" in ran.stderr
    [message] = commons.receive()
    assert message.content["assignee"] == {"zendeskUserId": STRANGER, "kind": "member", "id": "M4"}
    assert message.attributes["generated_timestamp"] == str(ticket(2, 5)["record"]["generated_timestamp"])
    assert publish().code == 0
    assert commons.receive() == []


def test_a_resolved_ticket_is_the_same_message_as_if_it_had_joined_at_once(publish, company, commons):
    publish([schema(), ticket(2, assignee_id=STRANGER), state(2)])
    company.knows(RESOLVED, RESOLVED)
    publish()
    [waited] = commons.receive()
    publish([schema(), ticket(2, assignee_id=STRANGER), state(2)])
    assert commons.receive() == []
    assert waited.event == "created"


def test_a_ticket_that_still_waits_is_not_written_down_again(publish, rows):
    waits = [schema(), ticket(2, assignee_id=STRANGER), state(2)]
    for _ in range(3):
        assert publish(waits).code == 0
    assert len(rows("waiting")) == 1


def test_the_last_line_counts_new_and_unchanged_waiting_tickets(publish):
    publish([schema(), ticket(1), *(ticket(number, assignee_id=STRANGER) for number in (2, 3)), state(3)])
    ran = publish(
        [schema(), *(ticket(number, assignee_id=STRANGER) for number in (2, 3, 4)), ticket(1), state(4)]
    )
    assert (
        "4 tickets: 0 messages published, 1 unchanged, 1 waiting (new), 2 waiting (unchanged), 0 refused, 0 rejected; total waiting: 3"
        in ran.stderr
    )


def test_a_newer_version_that_waits_takes_the_place_of_the_older(publish, company, commons, rows):
    publish([schema(), ticket(2, 1, assignee_id=STRANGER, priority="low"), state(1)])
    publish([schema(), ticket(2, 2, assignee_id=STRANGER, priority="high"), state(2)])
    older, newer = rows("waiting")
    assert older["first_seen_at"] == newer["first_seen_at"] == older["inserted_at"]
    company.knows(RESOLVED, RESOLVED)
    publish()
    assert [message.content["priority"] for message in commons.receive()] == ["high"]


def test_a_newer_version_that_joins_drops_the_one_that_waits(publish, company, commons):
    publish([schema(), ticket(2, 1, assignee_id=STRANGER), state(1)])
    publish([schema(), ticket(2, 2, assignee_id=AGENT), state(2)])
    assert len(commons.receive()) == 1
    company.knows(RESOLVED, RESOLVED)
    ran = publish()
    assert "0 messages published" in ran.stderr
    assert commons.receive() == []


def test_a_ticket_that_waits_after_it_was_published_does_wait(publish, company, commons):
    publish([schema(), ticket(2, 1), ticket(2, 2, assignee_id=STRANGER), state(2)])
    assert [message.event for message in commons.receive()] == ["created"]
    company.knows(RESOLVED, RESOLVED)
    publish()
    [message] = commons.receive()
    assert (message.event, message.content["assignee"]["id"]) == ("updated", "M4")


def test_a_ticket_that_returns_to_what_was_published_is_not_overtaken_by_what_waited(
    publish, company, commons
):
    publish([schema(), ticket(2, priority="low"), state(1)])
    publish([schema(), ticket(2, priority="high", assignee_id=STRANGER), state(2)])
    publish([schema(), ticket(2, priority="low"), state(3)])
    company.knows(RESOLVED, RESOLVED)
    publish()
    assert {message.content["priority"] for message in commons.receive()} == {"low"}


def test_a_ticket_waits_for_its_last_user(publish, company, commons, rows):
    publish([schema(), ticket(2, assignee_id=STRANGER, follower_ids=[GHOST]), state(2)])
    company.knows(RESOLVED, RESOLVED)
    assert "total waiting: 1" in publish().stderr
    assert commons.receive() == []
    company.knows({**RESOLVED, GHOST: ("U9", "user")}, [])
    publish()
    assert len(commons.receive()) == 1
    [row] = rows("waiting")
    assert {one["zendesk_user_id"] for one in row["unjoined"]} == {STRANGER, GHOST}


def test_a_waiting_ticket_keeps_its_payload_but_for_who_its_users_are(publish, rows):
    publish([schema(), ticket(2, assignee_id=STRANGER), state(2)])
    [row] = rows("waiting")
    payload = json.loads(row["payload"])
    assert payload["assignee"] == {"zendeskUserId": STRANGER, "kind": None, "id": None}
    assert payload["requester"]["id"] == "M1"
    assert payload["subject"] == "subject 2"


def test_rows_of_a_machine_whose_clock_goes_ahead_do_not_hide_what_comes_later(
    publish, company, commons, warehouse, messages_dataset
):
    def goes_ahead():
        moved = "published_at = TIMESTAMP_ADD(published_at, INTERVAL 120 SECOND)"
        warehouse.client.query_and_wait(f"UPDATE {messages_dataset}.zendesk_ticket SET {moved} WHERE TRUE")

    publish([schema(), ticket(1, priority="low"), ticket(2), state(1)])
    goes_ahead()
    publish(
        [schema(), ticket(1, priority="high"), ticket(2, priority="high", assignee_id=STRANGER), state(2)]
    )
    publish([schema(), ticket(1, priority="low"), state(3)])
    company.knows(RESOLVED, RESOLVED)
    publish()
    received = commons.receive()
    assert [one.content["priority"] for one in received if one.ticket_id == 1] == ["low", "high", "low"]
    assert [one.content["priority"] for one in received if one.ticket_id == 2] == ["normal", "high"]
