"""Reports about pages: exports that never end, rows that repeat, lists that end too early."""

import json
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
import requests
from tap_zendesk_cityblock.model_types import Paging
from tap_zendesk_cityblock.models import MODELS

from sandbox.addresses import Addresses
from sandbox.servers import Size, zendesk_server
from tests.tap.reported import ONLY_TICKETS, TICKETS, only, starts

ARTICLES = "/api/v2/help_center/incremental/articles"
METRIC_EVENTS = "/api/v2/incremental/ticket_metric_events"


@pytest.fixture
def account_of(tmp_path):
    """The address of an account of its own, of this size: `account_of(users=…)`."""
    with ExitStack() as servers:

        def serve(**size):
            addresses = Addresses.free()
            servers.enter_context(zendesk_server(addresses, tmp_path / "account", Size(**size)))
            return addresses.zendesk_url

        yield serve


def objects(url, model):
    lines = requests.get(f"{url}/_sandbox/objects/{model}", timeout=30).content.splitlines()
    return [json.loads(line) for line in lines]


# --- 1: an export by time never ends, because a page's rows are all of one second --------------------------------------
# facetoe/zenpy#451, PostHog/posthog#59215, singer-io/tap-zendesk#46


def test_pain_01_a_second_with_more_rows_than_zendesk_can_page_through_ends_with_a_warning(tap, account_of):
    """The page repeats its own start forever: other taps ask for it until somebody ends them."""
    url = account_of(tickets=10, users=10)
    moment = "2025-12-31T20:00:00Z"
    twins = [{"id": 970_000 + n, "updated_at": moment} for n in range(1_001)]
    requests.put(f"{url}/_sandbox/objects/article", json=twins, timeout=30)
    requests.put(f"{url}/_sandbox/objects/article", json=[{"id": 990_000, "title": "Later"}], timeout=30)
    result = tap(base_url=url, **only("article"))
    assert result.code == 0
    assert "more than a page of rows changed in the second" in result.stderr
    assert 990_000 in result.ids("article")
    assert len(requests.get(f"{url}/_sandbox/requests", timeout=30).json()) < 10


def test_pain_01_a_second_that_fills_a_smaller_page_of_talk_is_not_taken_for_the_end(tap, account_of):
    """Talk gives 100 rows where 1,000 were asked for, and no end: the export would stand there for good."""
    url = account_of(tickets=10, users=10)
    twins = [{"id": 970_000 + n, "updated_at": "2025-12-31T20:00:00Z"} for n in range(150)]
    requests.put(f"{url}/_sandbox/objects/call", json=twins, timeout=30)
    requests.put(f"{url}/_sandbox/objects/call", json=[{"id": 990_000}], timeout=30)
    result = tap(base_url=url, **only("call"))
    assert result.code == 0
    assert "more than a page of rows changed in the second" in result.stderr
    assert 990_000 in result.ids("call")


def test_pain_01_a_second_with_more_rows_than_a_page_of_ours_is_exported_whole(tap, zendesk):
    """Small pages must not make a loss of what Zendesk serves in large ones."""
    moment = "2025-12-31T21:00:00Z"
    zendesk.put(
        "organization", *({"id": 995_000 + n, "name": f"Twin {n}", "updated_at": moment} for n in range(9))
    )
    result = tap(**only("organization", page_size=4, start_time="2025-12-31T20:30:00Z"))
    assert result.code == 0, result.stderr
    assert "more than a page" not in result.stderr
    ids = result.ids("organization")
    assert len(ids) == len(set(ids))
    assert {995_000 + n for n in range(9)} <= set(ids)


def test_pain_01_a_second_that_no_page_can_hold_in_time_is_no_loop_either(tap, account_of):
    """A page as asked for does not hold the second, and Zendesk's largest takes it too long."""
    url = account_of(tickets=10, users=10)
    moment = "2025-12-31T20:00:00Z"
    twins = [{"id": 970_000 + n, "updated_at": moment} for n in range(600)]
    requests.put(f"{url}/_sandbox/objects/article", json=twins, timeout=30)
    fault = {"path": ARTICLES, "after": 2, "status": 504}
    requests.post(f"{url}/_sandbox/faults", json=fault, timeout=30)
    result = tap(base_url=url, **only("article", page_size=400))
    assert result.code == 0, result.stderr
    assert "more than a page of rows changed in the second" in result.stderr
    asked = requests.get(f"{url}/_sandbox/requests", timeout=30).json()
    assert [request["query"]["per_page"] for request in asked] == ["400", "400", "1000", "500", "400"]


def test_pain_01_an_export_by_cursor_pages_through_a_second(tap, zendesk):
    """A cursor knows the last row as well as its second."""
    moment = "2025-12-31T20:00:00Z"
    zendesk.put("user", *({"id": 770_000 + n, "name": f"Twin {n}", "updated_at": moment} for n in range(9)))
    result = tap(**only("user", page_size=4))
    assert result.code == 0, result.stderr
    assert sorted(result.ids("user")) == sorted(zendesk.ids("user"))


# --- 2: rows come twice at the border of pages and runs ------------------------------------------------------------------
# dlt-hub/verified-sources#659


def test_pain_02_rows_that_an_export_by_time_repeats_at_page_borders_are_dropped(tap, zendesk):
    """Each page begins with the second in which the last one ended."""
    result = tap(**only("organization", page_size=2))
    assert sorted(result.ids("organization")) == sorted(zendesk.ids("organization"))
    assert result.code == 0


def test_pain_02_the_next_run_repeats_the_last_second_at_most(tap, zendesk):
    """A run that begins where the last one ended must not bring the whole last page again."""
    first = tap(**only("organization", page_size=2))
    again = tap(**only("organization", page_size=2), state=first.states[-1])
    reached = first.states[-1]["bookmarks"]["organization"]["start_time"]
    moment = datetime.fromtimestamp(reached, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert {row["updated_at"] for row in again.records("organization")} <= {moment}


# --- 4: ticket metric events: most of them lost, or no end -------------------------------------------------------------
# estuary/connectors, CHANGELOG of source-zendesk-support-native, 5 August 2026


def test_pain_04_metric_events_of_mixed_times_without_an_end_of_stream_come_whole_and_end(tap, zendesk):
    """The export does not say where it ends, and a page's first row does not show where the others stand."""

    def event(number, moment):
        return {"id": number, "ticket_id": 1, "metric": "reply_time", "type": "activate", "time": moment}

    def serve(events, end):
        body = {"ticket_metric_events": events, "next_page": f"{zendesk.url}{METRIC_EVENTS}", "end_time": end}
        zendesk.fault(METRIC_EVENTS, status=200, body={**body, "count": len(events)})

    newest, oldest = "2025-12-31T10:00:00Z", "2025-03-01T00:00:00Z"
    serve([event(1, newest), event(2, oldest), event(3, "2025-05-01T00:00:00Z")], 1_751_000_000)
    serve([event(3, "2025-05-01T00:00:00Z"), event(4, oldest), event(5, newest)], 1_761_000_000)
    serve([event(5, newest), event(6, oldest)], 1_767_000_000)
    serve([event(6, oldest)], 1_767_000_000)
    result = tap(**only("ticket_metric_event"))
    assert result.code == 0, result.stderr
    assert result.ids("ticket_metric_event") == [1, 2, 3, 4, 5, 6]
    assert starts(zendesk, METRIC_EVENTS)[1:] == ["1751000000", "1761000000", "1767000000"]
    assert result.states[-1]["bookmarks"]["ticket_metric_event"]["start_time"] == 1_767_000_000


# --- 6: lists by offset end at page 100 --------------------------------------------------------------------------------
# airbytehq/airbyte#26748, #16163, #28653, #11895


def test_pain_06_lists_ask_for_cursor_pages(tap, zendesk):
    """Without page[size] Zendesk serves offset pages, and says nothing."""
    lists = [
        name
        for name, model in MODELS.items()
        if model.paging is Paging.LIST_CURSOR and not model.is_incremental
    ]
    assert tap(bulk_models=lists, incremental_models=[]).code == 0
    asked = [request["query"] for request in zendesk.requests() if request["path"].startswith("/api/")]
    assert len(asked) >= len(lists)
    assert {query.get("page[size]") for query in asked} == {"100", "50"}  # fifty of surveys
    assert not any("page" in query for query in asked)


def test_pain_06_a_list_of_more_than_10000_rows_comes_whole(tap, account_of):
    """By offset Zendesk refuses page 101; users of other taps had 10,000 rows and no more."""
    url = account_of(tickets=10, users=13_000)
    result = tap(base_url=url, **only("organization_membership"))
    assert result.code == 0, result.stderr
    ids = sorted(membership["id"] for membership in objects(url, "organization_membership"))
    assert len(ids) > 10_000
    assert sorted(result.ids("organization_membership")) == ids


# --- 12: large pages take Zendesk too long -----------------------------------------------------------------------------
# airbytehq/airbyte#33435


def test_pain_12_a_page_that_takes_zendesk_too_long_is_asked_for_smaller_and_pages_grow_back(tap, zendesk):
    """The same page, asked for again as it is, takes too long again."""
    zendesk.fault(TICKETS, after=1, times=2, status=504, body="upstream request timeout")
    result = tap(**ONLY_TICKETS)
    assert result.code == 0, result.stderr
    assert sorted(result.ids("ticket")) == sorted(zendesk.ids("ticket"))
    sizes = [int(asked["query"]["per_page"]) for asked in zendesk.requests() if asked["path"] == TICKETS]
    assert sizes[:6] == [100, 100, 50, 25, 50, 100]


@pytest.mark.parametrize("after", [0, 1], ids=["first page", "second page"])
@pytest.mark.parametrize(
    ("model", "size"), [("organization", 2), ("macro", 50), ("sla_policy", 2), ("target", None)]
)
def test_pain_12_pages_of_every_dialect_change_their_size_without_a_loss(model, size, after, tap, zendesk):
    """Half a page by number is another place in the list: rows would be skipped when pages grow back."""
    paged = MODELS[model].paging is not Paging.NONE
    zendesk.fault(MODELS[model].path, after=after if paged else 0, status=504)
    result = tap(**only(model, page_size=size))
    assert result.code == 0, result.stderr
    assert 504 in [asked["status"] for asked in zendesk.requests()]
    assert sorted(result.ids(model)) == sorted(zendesk.ids(model))


# --- 16: a wrong root key is not a row, and no error ----------------------------------------------------------------------
# singer-io/tap-zendesk#176

ODDLY_ROOTED = [
    name
    for name, model in MODELS.items()
    if model.root not in (f"{name}s", f"{name.removesuffix('y')}ies", f"{name}es")
]


@pytest.mark.parametrize("model", ODDLY_ROOTED)
def test_pain_16_an_answer_without_the_models_list_ends_the_run(model, tap, zendesk):
    """`{"count": 3}` was taken for an empty list. That every model finds its own is tested in test_export.py."""
    path, _, _ = MODELS[model].path.partition("{")  # of a model below another, any one's
    zendesk.fault(path, status=200, body={f"{model}_list": [{"id": 1}], "count": 1})
    result = tap(**only(model))
    assert result.code == 1
    assert f"has no list {MODELS[model].root!r}" in result.stderr
    assert result.records("EXPORT_METADATA") == []
