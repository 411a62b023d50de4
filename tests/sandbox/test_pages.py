"""Every page dialect of the sandbox's account, walked over HTTP."""

import base64
import json

import pytest
import requests

from sandbox.zendesk.models import BY_MODEL, Paging

BEARER = {"Authorization": "Bearer sandbox-access"}


def get(url, path, **query):
    return requests.get(url + path, params=query, headers=BEARER, timeout=30)


def truth(url, model):
    return [
        json.loads(line)
        for line in requests.get(f"{url}/_sandbox/objects/{model}", timeout=30).content.splitlines()
    ]


def of(*dialects):
    return pytest.mark.parametrize(
        "endpoint", [e for e in BY_MODEL.values() if e.paging in dialects], ids=lambda e: e.model
    )


@of(Paging.EXPORT_CURSOR)
def test_a_cursor_export_ends_with_the_cursor_of_the_next_run(endpoint, zendesk_url):
    query, seen = {"start_time": 1, "per_page": 40}, []
    while True:
        page = get(zendesk_url, endpoint.path, **query).json()
        seen += page[endpoint.root]
        query = {"cursor": page["after_cursor"], "per_page": 40}
        if page["end_of_stream"]:
            break
        assert len(page[endpoint.root]) == 40
    assert len(seen) == len({one["id"] for one in seen})
    assert sorted(one["id"] for one in seen) == sorted(
        one["id"] for one in truth(zendesk_url, endpoint.model)
    )
    again = get(zendesk_url, endpoint.path, **query).json()
    assert (again[endpoint.root], again["after_cursor"], again["end_of_stream"]) == (
        [],
        query["cursor"],
        True,
    )
    assert base64.b64decode(query["cursor"]).endswith(f".0||{seen[-1]['id']}|".encode())


def is_last(endpoint, page, start):
    """As clients have to find out: Help Center and Talk do not say it."""
    match endpoint.end:
        case "end_of_stream":
            return page["end_of_stream"]
        case "next_page":
            return page["next_page"] is None
        case "end_time":
            return page["end_time"] == start


@of(Paging.EXPORT_TIME)
def test_a_time_export_repeats_the_last_second_on_the_next_page(endpoint, zendesk_url):
    start, seen = 1, []
    while True:
        page = get(zendesk_url, endpoint.path, start_time=start, per_page=4).json()
        seen += [one[endpoint.key] for one in page[endpoint.root]]
        assert page["count"] == len(page[endpoint.root])
        if is_last(endpoint, page, start):
            break
        assert f"start_time={page['end_time']}" in page["next_page"]
        start = page["end_time"]
    assert set(seen) == {one[endpoint.key] for one in truth(zendesk_url, endpoint.model)}
    assert len(seen) > len(set(seen))


@of(Paging.LIST_CURSOR)
def test_a_list_is_walked_by_its_page_cursor(endpoint, zendesk_url):
    query, seen, pages = {"page[size]": 10}, [], 0
    while True:
        page = get(zendesk_url, endpoint.path, **query).json()
        seen += [one[endpoint.key] for one in page[endpoint.root]]
        pages += 1
        if not page["meta"]["has_more"]:
            break
        assert page["links"]["next"].startswith(zendesk_url)
        query["page[after]"] = page["meta"]["after_cursor"]
    assert seen == [one[endpoint.key] for one in truth(zendesk_url, endpoint.model)]
    assert pages == max(1, -(-len(seen) // 10))


@of(Paging.OFFSET, Paging.NONE)
def test_a_numbered_or_unpaged_list_is_followed_by_next_page(endpoint, zendesk_url):
    url, seen = f"{zendesk_url}{endpoint.path}?per_page=3", []
    while url:
        page = requests.get(url, headers=BEARER, timeout=30).json()
        seen += [one[endpoint.key] for one in page[endpoint.root]]
        url = page["next_page"]
    assert sorted(seen) == sorted(one[endpoint.key] for one in truth(zendesk_url, endpoint.model))


def test_the_suffix_json_makes_no_difference(zendesk_url):
    plain, suffixed = (
        get(zendesk_url, path, per_page=5) for path in ("/api/v2/slas/policies", "/api/v2/slas/policies.json")
    )
    assert plain.json() == suffixed.json()


@pytest.mark.parametrize(
    ("path", "query", "error"),
    [
        ("/api/v2/groups", {"page[size]": 101}, "InvalidPaginationParameter"),
        ("/api/v2/groups", {"page[size]": 10, "page[after]": "nonsense"}, "InvalidPaginationParameter"),
        ("/api/v2/groups", {"page": 101}, "InvalidPaginationDepth"),
        ("/api/v2/incremental/tickets/cursor", {"cursor": "nonsense"}, "InvalidCursor"),
        ("/api/v2/incremental/tickets/cursor", {}, "InvalidValue"),
        ("/api/v2/incremental/organizations", {"start_time": 1_767_225_600}, "StartTimeTooRecent"),
    ],
)
def test_what_zendesk_refuses_is_refused(path, query, error, zendesk_url):
    answer = get(zendesk_url, path, **query)
    assert answer.status_code == 400
    assert error in answer.text
