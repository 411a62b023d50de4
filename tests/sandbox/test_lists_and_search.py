"""Sorted lists and search of the simulator, over HTTP."""

import base64
import json
import struct
from datetime import datetime

import pytest
import requests

from tests.sandbox.test_pages import get, truth

LISTS = {"ticket": "/api/v2/tickets", "user": "/api/v2/users", "organization": "/api/v2/organizations"}
EXPORT = "/api/v2/search/export"
ALL_TIME = "updated>=2000-01-01T00:00:00Z"


def is_there(model, thing):
    if model == "user":
        return thing["active"]
    return thing["status"] != "deleted" if model == "ticket" else "deleted_at" not in thing


def walk(url, path, root, cursor=None, **query):
    """All objects from the cursor on, and the last cursor."""
    found = []
    while True:
        after = {} if cursor is None else {"page[after]": cursor}
        page = get(url, path, **query, **after).json()
        found += page[root]
        cursor = page["meta"]["after_cursor"] or cursor
        if not page["meta"]["has_more"]:
            return found, cursor


def sorted_list(url, model, cursor=None, size=7):
    return walk(url, LISTS[model], f"{model}s", cursor, **{"sort": "updated_at", "page[size]": size})


@pytest.mark.parametrize("model", LISTS)
def test_a_sorted_list_is_in_order_of_change_without_archived_and_deleted_objects(model, zendesk_url):
    found, cursor = sorted_list(zendesk_url, model)
    updated = [thing["updated_at"] for thing in found]
    assert updated == sorted(updated)
    ids = [thing["id"] for thing in found]
    assert len(ids) == len(set(ids))
    there = {thing["id"] for thing in truth(zendesk_url, model) if is_there(model, thing)}
    assert set(ids) < there if model == "ticket" else set(ids) == there
    again = get(zendesk_url, LISTS[model], **{"sort": "updated_at", "page[size]": 7, "page[after]": cursor})
    assert again.json()[f"{model}s"] == []
    assert again.json()["meta"] == {"has_more": False, "after_cursor": None, "before_cursor": None}


@pytest.mark.parametrize("model", LISTS)
def test_a_cursor_that_a_client_made_begins_with_that_second(model, zendesk_url):
    found, _ = sorted_list(zendesk_url, model)
    middle = found[len(found) // 2]["updated_at"]
    moment = int(datetime.fromisoformat(middle).timestamp())
    values = base64.b64encode(struct.pack("<cqcq", b"d", moment, b"i", 0)).decode()
    made = base64.b64encode(json.dumps({"o": "updated_at,id", "v": values}).encode()).decode()
    rest, _ = sorted_list(zendesk_url, model, made)
    assert [one["id"] for one in rest] == [one["id"] for one in found if one["updated_at"] >= middle]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/v2/tickets", {"sort": "updated_at", "page[after]": "nonsense"}),
        ("/api/v2/tickets", {"sort": "subject"}),
        ("/api/v2/deleted_users", {"sort": "updated_at"}),
        (EXPORT, {"query": ALL_TIME}),
        (EXPORT, {"query": f"type:ticket {ALL_TIME}", "filter[type]": "ticket"}),
        (EXPORT, {"query": ALL_TIME, "filter[type]": "ticket", "page[after]": "nonsense"}),
    ],
)
def test_invalid_pagination_is_rejected(path, query, zendesk_url):
    answer = get(zendesk_url, path, **{"page[size]": 5, **query})
    assert answer.status_code == 400
    assert answer.json()["error"] == "InvalidPaginationParameter"


@pytest.mark.parametrize("model", LISTS)
def test_search_exports_archived_objects_too_newest_first(model, zendesk_url):
    query = {"query": ALL_TIME, "filter[type]": model, "page[size]": 40}
    found, _ = walk(zendesk_url, EXPORT, "results", **query)
    created = [(thing["created_at"], thing["id"]) for thing in found]
    assert created == sorted(created, reverse=True)
    there = {thing["id"] for thing in truth(zendesk_url, model) if is_there(model, thing)}
    assert {thing["id"] for thing in found} == there
    assert {thing["result_type"] for thing in found} == {model}
    count = get(zendesk_url, "/api/v2/search/count", query=f"type:{model} {ALL_TIME}").json()["count"]
    assert count == len(found)


def test_a_search_is_narrowed_by_status_and_a_span_of_time(zendesk_url):
    span = "updated>=2024-01-01T00:00:00Z updated<2025-01-01T00:00:00Z"
    query = {"query": f"status:closed {span}", "filter[type]": "ticket", "page[size]": 40}
    found, _ = walk(zendesk_url, EXPORT, "results", **query)
    expected = {
        ticket["id"]
        for ticket in truth(zendesk_url, "ticket")
        if ticket["status"] == "closed" and ticket["updated_at"].startswith("2024-")
    }
    assert {thing["id"] for thing in found} == expected


def test_a_search_cursor_expires_after_an_hour(zendesk_url):
    query = {"query": ALL_TIME, "filter[type]": "ticket", "page[size]": 5}
    cursor = get(zendesk_url, EXPORT, **query).json()["meta"]["after_cursor"]
    assert get(zendesk_url, EXPORT, **query, **{"page[after]": cursor}).status_code == 200
    content = json.loads(base64.b64decode(cursor))
    content["sessionStart"] -= 3601
    late = base64.b64encode(json.dumps(content).encode()).decode()
    assert get(zendesk_url, EXPORT, **query, **{"page[after]": late}).status_code == 400


def test_an_account_can_be_without_incremental_exports(zendesk_url):
    def allow(*, allowed):
        requests.put(f"{zendesk_url}/_sandbox/exports", json={"allowed": allowed}, timeout=30)

    allow(allowed=False)
    refused = get(zendesk_url, "/api/v2/incremental/tickets/cursor", start_time=1)
    assert refused.status_code == 403
    assert refused.json()["error"]["title"] == "Forbidden"
    allow(allowed=True)
    assert get(zendesk_url, "/api/v2/incremental/tickets/cursor", start_time=1).status_code == 200


@pytest.mark.parametrize("model", LISTS)
def test_objects_are_shown_by_id_without_deleted_ones(model, zendesk_url):
    known = truth(zendesk_url, model)[:90]
    ids = ",".join(str(thing["id"]) for thing in known)
    shown = get(zendesk_url, f"/api/v2/{model}s/show_many", ids=f"{ids},77").json()
    assert shown[f"{model}s"] == [thing for thing in known if is_there(model, thing)]
    assert shown["count"] == len(shown[f"{model}s"])
    too_many = ",".join(map(str, range(101)))
    assert get(zendesk_url, f"/api/v2/{model}s/show_many", ids=too_many).status_code == 400


def test_a_large_list_is_counted_once_a_day(zendesk_url):
    def count():
        return get(zendesk_url, "/api/v2/users/count").json()["count"]

    def advance(hours):
        requests.post(f"{zendesk_url}/_sandbox/advance", json={"hours": hours}, timeout=60)

    there = [thing for thing in truth(zendesk_url, "user") if is_there("user", thing)]
    assert count()["value"] == len(there)
    requests.put(f"{zendesk_url}/_sandbox/counts", json={"cached_above": 20}, timeout=60)
    assert count() == {"value": 20, "refreshed_at": None}
    first = count()
    assert first["value"] == len(there)
    advance(23)
    assert count() == first
    advance(2)
    assert count() == {"value": 20, "refreshed_at": None}
    assert count()["refreshed_at"] > first["refreshed_at"]
    requests.put(f"{zendesk_url}/_sandbox/counts", json={"cached_above": 100_000}, timeout=60)
