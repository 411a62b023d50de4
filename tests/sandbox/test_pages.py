"""Every kind of pagination of the simulator, over HTTP."""

import base64
import json
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from sandbox.zendesk.clock import iso
from sandbox.zendesk.models import BY_MODEL, Paging

BEARER = {"Authorization": "Bearer sandbox-access"}
ALL = {"support_type_scope": "all"}


def get(url, path, params=None, **query):
    return requests.get(url + path, params=params or query, headers=BEARER, timeout=30)


def truth(url, model):
    return [
        json.loads(line)
        for line in requests.get(f"{url}/_sandbox/objects/{model}", timeout=30).content.splitlines()
    ]


def of(*dialects):
    return pytest.mark.parametrize(
        "endpoint",
        [e for e in BY_MODEL.values() if e.paging in dialects and not e.parent],
        ids=lambda e: e.model,
    )


@of(Paging.EXPORT_CURSOR)
def test_a_cursor_export_ends_with_the_cursor_of_the_next_run(endpoint, zendesk_url):
    query, seen = {"start_time": 1, **ALL, "per_page": 40}, []
    while True:
        page = get(zendesk_url, endpoint.path, **query).json()
        seen += page[endpoint.root]
        query = {"cursor": page["after_cursor"], **ALL, "per_page": 40}
        if page["end_of_stream"]:
            break
        assert len(page[endpoint.root]) == 40
    assert len(seen) == len({one["id"] for one in seen})
    assert {one["id"] for one in seen} == {one["id"] for one in truth(zendesk_url, endpoint.model)}
    again = get(zendesk_url, endpoint.path, **query).json()
    end = {endpoint.root: [], "after_cursor": query["cursor"], "end_of_stream": True}
    assert end.items() <= again.items()
    assert (again["before_cursor"], again["before_url"]) == (None, None)
    assert base64.b64decode(query["cursor"]).endswith(f".0||{seen[-1]['id']}|".encode())


def test_tickets_of_ai_agents_are_exported_to_those_who_ask_for_them(zendesk_url):
    def types(**scope):
        page = get(zendesk_url, "/api/v2/incremental/tickets/cursor", start_time=1, **scope).json()
        return {ticket["support_type"] for ticket in page["tickets"]}

    assert types() == types(support_type_scope="agent") == {"agent"}
    assert types(support_type_scope="ai_agent") == {"ai_agent"}
    assert types(**ALL) == {"agent", "ai_agent"}


def is_last(endpoint, page, start):
    """Help Center and Talk have no `end_of_stream`."""
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
        page = get(zendesk_url, endpoint.path, start_time=start, per_page=4, **ALL).json()
        seen += [one[endpoint.key] for one in page[endpoint.root]]
        assert page["count"] == len(page[endpoint.root])
        if is_last(endpoint, page, start):
            break
        assert f"start_time={page['end_time']}" in page["next_page"]
        start = page["end_time"]
    assert set(seen) == {one[endpoint.key] for one in truth(zendesk_url, endpoint.model)}
    assert len(seen) > len(set(seen))


SUPPORT = [e for e in BY_MODEL.values() if e.paging is Paging.EXPORT_TIME and e.end == "end_of_stream"]
TALK = [e for e in BY_MODEL.values() if e.paging is Paging.EXPORT_TIME and e.end == "end_time"]
SECOND = 1_767_218_400


@pytest.fixture
def twins(zendesk_url):
    """Five rows of one second and one of a later one: `twins(endpoint)`."""

    def put(endpoint):
        rows = [
            {"id": 880_000 + n, endpoint.clock: iso(SECOND if n < 5 else SECOND + 9), "name": "Twin"}
            for n in range(6)
        ]
        requests.put(f"{zendesk_url}/_sandbox/objects/{endpoint.model}", json=rows, timeout=30)

    return put


@pytest.mark.parametrize("endpoint", SUPPORT, ids=lambda e: e.model)
@pytest.mark.parametrize("size", [1, 5])
def test_a_page_of_a_time_export_holds_a_whole_second_and_leads_behind_it(size, endpoint, zendesk_url, twins):
    twins(endpoint)
    page = get(zendesk_url, endpoint.path, start_time=SECOND, per_page=size).json()
    assert len(page[endpoint.root]) == page["count"] >= 5
    assert page["end_time"] == SECOND + 1
    assert f"start_time={SECOND + 1}" in page["next_page"]
    assert page["end_of_stream"] is False


@pytest.mark.parametrize("endpoint", SUPPORT, ids=lambda e: e.model)
def test_a_page_with_more_than_a_second_ends_with_the_second_of_its_last_row(endpoint, zendesk_url, twins):
    twins(endpoint)
    page = get(zendesk_url, endpoint.path, start_time=SECOND - 1, per_page=1000).json()
    assert page["end_time"] >= SECOND + 9
    assert page["end_of_stream"] is True


@pytest.mark.parametrize("endpoint", TALK, ids=lambda e: e.model)
def test_a_second_that_fills_a_page_of_talk_comes_again(endpoint, zendesk_url, twins):
    twins(endpoint)
    page = get(zendesk_url, endpoint.path, start_time=SECOND, per_page=3).json()
    assert (page["count"], page["end_time"]) == (3, SECOND)


@of(Paging.LIST_CURSOR)
def test_a_list_is_walked_by_its_page_cursor(endpoint, zendesk_url):
    query, seen, pages = {"page[size]": 10}, [], 0
    while True:
        page = get(zendesk_url, endpoint.path, **query).json()
        seen += [one[endpoint.key] for one in page[endpoint.root]]
        pages += 1
        assert (page["links"]["next"] is not None) is bool(page[endpoint.root])  # on the last page, too
        if not page["meta"]["has_more"]:
            break
        query["page[after]"] = page["meta"]["after_cursor"]
    known = truth(zendesk_url, endpoint.model)
    if endpoint.window:  # logs are in the order of their clock, other lists in that of ids
        known.sort(key=lambda one: one[endpoint.clock])
    assert seen == [one[endpoint.key] for one in known]
    assert pages == max(1, -(-len(seen) // 10))


@pytest.fixture
def small_pages(zendesk_url):
    requests.put(f"{zendesk_url}/_sandbox/pages", json={"size": 3}, timeout=30).raise_for_status()
    yield
    requests.put(f"{zendesk_url}/_sandbox/pages", json={"size": None}, timeout=30)


@of(Paging.OFFSET)
@pytest.mark.usefixtures("small_pages")
def test_a_numbered_list_is_followed_by_next_page(endpoint, zendesk_url):
    url, seen, before = f"{zendesk_url}{endpoint.path}", [], None
    while url:
        page = requests.get(url, headers=BEARER, timeout=30).json()
        seen += [one[endpoint.key] for one in page[endpoint.root]]
        assert len(page[endpoint.root]) <= 3
        assert (page["previous_page"] is None) is (before is None)
        assert page["count"] == len(truth(zendesk_url, endpoint.model))
        url, before = page["next_page"], url
    assert sorted(seen) == sorted(one[endpoint.key] for one in truth(zendesk_url, endpoint.model))


def everything(url, path, root, query):
    """By cursors of an export, until `meta` says that there is no more."""
    seen = []
    while True:
        page = get(url, path, **query).json()
        seen += page[root]
        if not page.get("meta", {}).get("has_more"):
            return seen
        query = {"cursor": page["after_cursor"], "per_page": query["per_page"]}


@pytest.mark.parametrize("model", ["custom_object_record", "schedule_holiday"])
def test_objects_of_a_parent_are_served_by_its_key(model, zendesk_url):
    endpoint = BY_MODEL[model]
    seen = []
    for parent in truth(zendesk_url, endpoint.parent):
        key = str(parent[BY_MODEL[endpoint.parent].key])
        path = endpoint.path.replace(f"{{{endpoint.parents_key}}}", key)
        seen += everything(zendesk_url, path, endpoint.root, {"start_time": 1, "per_page": 10})
    assert sorted(one["id"] for one in seen) == sorted(one["id"] for one in truth(zendesk_url, model))
    unknown = endpoint.path.replace(f"{{{endpoint.parents_key}}}", "999")
    assert get(zendesk_url, unknown, start_time=1).status_code == 404


@of(Paging.EXPORT_NEXT)
def test_next_page_is_followed_until_a_page_has_no_rows(endpoint, zendesk_url):
    query, seen = {"limit": 10}, []
    while True:
        page = get(zendesk_url, endpoint.path, **query).json()
        seen += [one[endpoint.key] for one in page[endpoint.root]]
        if not page[endpoint.root]:
            break
        query = dict(parse_qsl(urlsplit(page["next_page"]).query))
    assert sorted(seen) == sorted(one[endpoint.key] for one in truth(zendesk_url, endpoint.model))


@pytest.mark.parametrize("endpoint", [e for e in BY_MODEL.values() if e.window], ids=lambda e: e.model)
def test_a_list_can_be_asked_for_a_span_of_time(endpoint, zendesk_url):
    known = {one[endpoint.key]: one[endpoint.clock] for one in truth(zendesk_url, endpoint.model)}
    since, until = "2021-01-01T00:00:00Z", "2023-01-01T00:00:00Z"
    bounds = (1609459200, 1672531200) if endpoint.model == "satisfaction_rating" else (since, until)
    page = get(
        zendesk_url, endpoint.path, params=[*zip(endpoint.window, bounds, strict=True), ("page[size]", "100")]
    )
    served = {one[endpoint.key] for one in page.json()[endpoint.root]}
    assert served == {key for key, clock in known.items() if since <= clock <= until}
    assert 0 < len(served) < len(known)


def test_comments_have_no_body_unless_the_request_includes_them(zendesk_url):
    path = BY_MODEL["ticket_event"].path
    bare, full = (
        get(zendesk_url, path, start_time=1, **query).json() for query in ({}, {"include": "comment_events"})
    )
    ids, full_ids = ([event["id"] for event in page["ticket_events"]] for page in (bare, full))
    assert ids == full_ids
    stub, comment = (page["ticket_events"][0]["child_events"][0] for page in (bare, full))
    assert stub["comment_present"] is True
    assert stub["comment_public"] is comment["public"]
    assert "body" not in stub
    assert comment["body"]


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
def test_invalid_requests_are_rejected(path, query, error, zendesk_url):
    answer = get(zendesk_url, path, **query)
    assert answer.status_code == 400
    assert error in answer.text


def test_an_unknown_path_is_an_invalid_endpoint(zendesk_url):
    answer = get(zendesk_url, "/api/v2/no_such_list")
    assert (answer.status_code, answer.json()["error"]) == (404, "InvalidEndpoint")


@pytest.mark.parametrize(
    ("path", "query", "ignored"),
    [
        ("/api/v2/groups", {"page[size]": 2, "exclude_deleted": "false"}, None),
        (
            "/api/v2/groups",
            {"page[size]": 2, "support_type_scope": "all", "sort": "id"},
            ["support_type_scope", "sort"],
        ),
        ("/api/v2/incremental/tickets/cursor", {"start_time": 1, "support_type_scope": "all"}, None),
        ("/api/v2/incremental/organizations", {"start_time": 1, "include": "x"}, ["include"]),
        ("/api/v2/audit_logs", {"page[size]": 2, "filter[created_at][]": ["2025-01-01T00:00:00Z"] * 2}, None),
        ("/api/v2/search/count", {"query": "type:user", "page[size]": 2}, ["page[size]"]),
    ],
)
def test_ignored_parameters_are_listed_in_a_header(path, query, ignored, zendesk_url):
    answer = get(zendesk_url, path, params=query)
    assert answer.status_code == 200
    warning = answer.headers.get("X-Zendesk-Api-Warn")
    assert (warning is None) is (ignored is None)
    assert ignored is None or f":unpermitted_keys=>{json.dumps(ignored)}" in warning
