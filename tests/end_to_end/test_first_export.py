"""A first export that begins with searches, of both jobs: what views and messages have then."""

import pytest
import requests

from sandbox.comparison import compare, compare_messages
from sandbox.servers import Size, advance

EXPORT = ("tap-zendesk-cityblock", "target-bigquery")
FAST = {
    "TAP_ZENDESK_CITYBLOCK_BULK_MODELS": "[]",
    "TAP_ZENDESK_CITYBLOCK_INCREMENTAL_MODELS": '["ticket", "user"]',
    "TAP_ZENDESK_CITYBLOCK_PAGE_SIZE": "5",
}
SLOW = FAST | {"TAP_ZENDESK_CITYBLOCK_PAGE_SIZE": "1000"}
"""Pages so large that one run reads the remainder."""
LIMITS = {
    name: {"total": 10, "window": 0.001} for name in ("incremental-exports", "incremental-exports-cursor")
}
"""So that searches are worth it, and no wait is long."""


@pytest.fixture(scope="module")
def size():
    return Size(tickets=400, users=240)


def test_views_and_messages_are_right_and_the_next_run_repeats_no_message(project):
    url, warehouse = project.sandbox.addresses.zendesk_url, project.sandbox.warehouse
    requests.put(f"{url}/_sandbox/limits", json=LIMITS, timeout=30).raise_for_status()
    project.run(*EXPORT, **FAST)
    paths = [one["path"] for one in requests.get(f"{url}/_sandbox/requests", timeout=30).json()]
    assert paths.count("/api/v2/search/export") > 25
    project.build("ticket_latest", "user_latest", "zendesk_user_directory", "PIPELINE_RUN_latest")
    [run] = project.rows("SELECT ending, remainder FROM zendesk.PIPELINE_RUN_latest")
    assert run["ending"] == "complete"
    assert [left["model"] for left in run["remainder"]] == ["ticket", "user"]
    assert all(0 < left["rows"] < 400 for left in run["remainder"])
    tickets, users = (compare(url, warehouse, "zendesk", model) for model in ("ticket", "user"))
    deleted = {row["id"] for row in project.rows("SELECT id FROM zendesk.user_latest WHERE is_deleted")}
    assert users.different <= deleted
    assert not users.missing
    later = {
        row["id"]
        for row in project.rows(
            "SELECT id FROM zendesk.ticket_latest WHERE generated_timestamp = UNIX_SECONDS(updated_at) OR is_deleted"
        )
    }
    assert tickets.different <= later
    assert not tickets.surplus | users.surplus
    assert not tickets.repeated + users.repeated

    publish = ("tap-zendesk-cityblock-tickets", "target-zendesk-pubsub")
    project.run(*publish, **FAST)
    published = project.rows("SELECT ticket_id FROM pubsub_messages.zendesk_ticket")
    assert published
    assert len(published) == len({row["ticket_id"] for row in published})

    advance(url, hours=1)
    project.run(*publish, **SLOW)
    messages = compare_messages(url, warehouse)
    assert not messages.different
    assert not messages.repeated
