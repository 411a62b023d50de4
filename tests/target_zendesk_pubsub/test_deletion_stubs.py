"""What is left of a deleted ticket, where the tap reads lists: it becomes a message of what the ticket was."""

import json

import pytest

from tests.target_zendesk_pubsub.tickets import DIRECTORY, STRANGER, schema, state, ticket

pytestmark = pytest.mark.usefixtures("company")


def deletion_stub(ticket_id, second):
    """A RECORD as the tap makes it of Zendesk's list of deleted tickets."""
    whole = ticket(ticket_id, second, status="deleted")
    output = ("id", "subject", "status", "updated_at", "generated_timestamp")
    return {**whole, "record": {name: whole["record"][name] for name in output}}


def test_it_is_published_as_deleted_with_what_the_ticket_was(publish, commons):
    publish([schema(), ticket(1, priority="high"), state(1)])
    [before] = commons.receive()
    ran = publish([schema(), deletion_stub(1, 60), state(2)])
    assert ran.code == 0, ran.stderr
    [message] = commons.receive()
    deleted = {"isDeleted": True, "status": "deleted", "updatedAt": "2026-01-01T00:01:00Z"}
    assert (message.event, message.content) == ("deleted", before.content | deleted)
    assert message.attributes["generated_timestamp"] == str(
        deletion_stub(1, 60)["record"]["generated_timestamp"]
    )


def test_sent_again_or_whole_it_is_not_published_again(publish, commons):
    publish([schema(), ticket(1), deletion_stub(1, 60), state(1)])
    assert [message.event for message in commons.receive()] == ["created", "deleted"]
    publish([schema(), deletion_stub(1, 60), state(2)])
    publish([schema(), ticket(1, 60, status="deleted"), state(3)])
    assert commons.receive() == []
    publish([schema(), ticket(1, 90), state(4)])
    assert [message.event for message in commons.receive()] == ["restored"]


def test_of_a_ticket_that_was_never_published_there_is_nothing_to_say(publish, commons, rows):
    ran = publish([schema(), deletion_stub(9, 60), ticket(2), state(1)])
    assert ran.code == 0, ran.stderr
    assert ran.states == [state(1)["value"]]
    assert [message.ticket_id for message in commons.receive()] == [2]
    assert rows("waiting") == []


def test_a_ticket_that_waits_goes_on_waiting_deleted(publish, company, commons, rows):
    publish([schema(), ticket(2, assignee_id=STRANGER), state(1)])
    publish([schema(), deletion_stub(2, 60), state(2)])
    assert commons.receive() == []
    assert [json.loads(row["payload"])["isDeleted"] for row in rows("waiting")] == [False, True]
    known = {**DIRECTORY, STRANGER: ("M4", "member")}
    company.knows(known, known)
    publish()
    [message] = commons.receive()
    assert (message.event, message.content["isDeleted"]) == ("deleted", True)


def test_a_ticket_that_is_not_deleted_needs_all_of_its_properties(publish):
    incomplete = deletion_stub(3, 60)
    incomplete["record"]["status"] = "open"
    ran = publish([schema(), incomplete, state(1)])
    assert ran.code == 0
    assert "ticket 3 rejected, stored" in ran.stderr
    assert "Object missing required field `created_at`" in ran.stderr
