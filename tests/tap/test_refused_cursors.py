"""Cursors that Zendesk refuses or repeats, and starts that are too recent."""

import base64

import pytest

TICKETS = "/api/v2/incremental/tickets/cursor"
ONLY_TICKETS = {"bulk_models": [], "incremental_models": ["ticket"], "page_size": 100}
INVALID_CURSOR = {
    "status": 400,
    "body": {"errors": [{"code": "InvalidCursor", "status": "400", "title": "cursor is invalid or expired"}]},
}


@pytest.fixture
def stuck(tap):
    """The answer to a run's second request that would have the cursor stand still."""
    state = next(state for state in tap(**ONLY_TICKETS).states if state["bookmarks"].get("ticket"))
    cursor = state["bookmarks"]["ticket"]["cursor"]
    return {
        "status": 200,
        "body": {"tickets": [{"id": 1}], "after_cursor": cursor, "end_of_stream": False},
    }


def test_a_cursor_that_stands_still_is_healed_from_its_time_and_its_page_left_out(stuck, tap, zendesk):
    zendesk.fault(TICKETS, after=1, **stuck)
    result = tap(**ONLY_TICKETS)
    assert result.code == 0, result.stderr
    assert "does not advance" in result.stderr
    assert sorted(result.ids("ticket")) == sorted(zendesk.ids("ticket"))


def test_a_cursor_that_stands_still_again_ends_the_run(stuck, tap, zendesk):
    zendesk.fault(TICKETS, after=1, times=1000, **stuck)
    result = tap(**ONLY_TICKETS)
    assert result.code == 1
    assert "does not advance" in result.stderr
    assert "Traceback" not in result.stderr
    assert len(zendesk.requests()) < 10


def test_a_cursor_that_zendesk_refuses_in_mid_run_is_healed_without_a_row_twice(tap, zendesk):
    zendesk.fault(TICKETS, after=1, **INVALID_CURSOR)
    result = tap(**ONLY_TICKETS)
    assert result.code == 0, result.stderr
    assert sorted(result.ids("ticket")) == sorted(zendesk.ids("ticket"))


def test_zendesk_that_refuses_the_time_too_ends_the_run(tap, zendesk):
    zendesk.fault(TICKETS, after=1, times=1000, **INVALID_CURSOR)
    result = tap(**ONLY_TICKETS)
    assert result.code == 1
    assert "InvalidCursor" in result.stderr
    assert "Traceback" not in result.stderr
    assert len(zendesk.requests()) == 3


def test_a_cursor_that_zendesk_refuses_is_healed_from_its_time(tap, zendesk):
    whole = tap(**ONLY_TICKETS)
    halfway = next(state for state in whole.states if state["bookmarks"].get("ticket", {}).get("cursor"))
    zendesk.fault(TICKETS, **INVALID_CURSOR)
    result = tap(**ONLY_TICKETS, state=halfway)
    assert result.code == 0
    assert "refused the cursor" in result.stderr
    assert set(whole.ids("ticket")[100:]) <= set(result.ids("ticket"))
    assert len(result.ids("ticket")) < len(whole.ids("ticket"))


@pytest.mark.parametrize("status", [400, 422])
def test_a_start_in_the_last_minute_means_nothing_new(status, tap, zendesk):
    too_recent = {
        "errors": [
            {
                "code": "StartTimeTooRecent",
                "status": str(status),
                "title": "start_time must be more than 60 seconds ago",
            }
        ]
    }
    zendesk.fault("/api/v2/incremental/organizations", status=status, body=too_recent)
    state = {"bookmarks": {"organization": {"start_time": 1_767_000_000, "subdomain": "cityblock-local"}}}
    result = tap(bulk_models=[], incremental_models=["organization"], state=state)
    assert result.code == 0
    assert result.states[-1]["bookmarks"]["organization"] == state["bookmarks"]["organization"]


def test_a_cursor_with_an_impossible_time_is_a_cursor_like_any_other(tap, zendesk):
    cursor = base64.b64encode(b"99999999999999999999.0||5|").decode()
    zendesk.fault(TICKETS, status=200, body={"tickets": [], "after_cursor": cursor, "end_of_stream": True})
    result = tap(**ONLY_TICKETS)
    assert result.code == 0, result.stderr
    assert result.states[-1]["bookmarks"]["ticket"]["cursor"] == cursor
    assert result.states[-1]["bookmarks"]["ticket"]["reached"] is None
    zendesk.fault(TICKETS, **INVALID_CURSOR)
    again = tap(**ONLY_TICKETS, state=result.states[-1])
    assert again.code == 3
    assert "cursor refused: ticket (" in again.stderr.splitlines()[-1]
    assert "has no time to continue from; write" in again.stderr.splitlines()[-1]
    assert again.records("ticket") == []
