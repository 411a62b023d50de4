"""Tickets of AI agents, which Zendesk's exports leave out unless they are asked for."""

import pytest

CHOSEN = {
    "bulk_models": [],
    "incremental_models": ["ticket", "ticket_event", "ticket_comment"],
}
EXPORTS = ("/api/v2/incremental/tickets/cursor", "/api/v2/incremental/ticket_events")


@pytest.fixture
def of_ai_agent(zendesk):
    """A ticket that an AI agent answers."""
    [number] = zendesk.put("ticket", {"support_type": "ai_agent", "created_at": "2024-05-01T00:00:00Z"})
    return number


def requested_scopes(zendesk):
    """By export, the scopes that were asked for."""
    return {
        path: {one["query"].get("support_type_scope") for one in zendesk.requests() if one["path"] == path}
        for path in EXPORTS
    }


def test_tickets_of_ai_agents_arrive_with_their_events_and_comments(of_ai_agent, tap, zendesk):
    result = tap(**CHOSEN)
    assert result.code == 0
    [ticket] = [one for one in result.records("ticket") if one["id"] == of_ai_agent]
    assert ticket["support_type"] == "ai_agent"
    for model in ("ticket_event", "ticket_comment"):
        assert of_ai_agent in {one["ticket_id"] for one in result.records(model)}, model
    assert set(result.ids("ticket")) == zendesk.ids("ticket")
    assert requested_scopes(zendesk) == {path: {"all"} for path in EXPORTS}


def test_who_wants_agents_tickets_alone_gets_what_zendesk_gives_by_default(of_ai_agent, tap, zendesk):
    result = tap(**CHOSEN, support_type_scope="agent")
    assert {one["support_type"] for one in result.records("ticket")} == {"agent"}
    assert of_ai_agent not in {one["ticket_id"] for one in result.records("ticket_event")}
    assert requested_scopes(zendesk) == {path: {None} for path in EXPORTS}


def test_a_scope_that_zendesk_does_not_have_is_refused(tap, zendesk):
    result = tap(**CHOSEN, support_type_scope="bot")
    assert result.code == 1
    assert "support_type_scope" in result.stderr
    assert zendesk.requests() == []
