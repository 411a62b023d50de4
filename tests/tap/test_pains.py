"""What users of other taps met, one test or more for each, by its number in our list of such reports.

Number 19, STATE before its rows are loaded, concerns the loader: `test_a_refused_upload_stops_the_run_before_state` and
its neighbours in tests/target_bigquery/test_conformance.py. That the views show rows once, and the last version by the
system's clock (2, 3), is tested in tests/transform/test_versions.py.
"""

import json
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import jsonschema
import pytest
import requests
from tap_zendesk_cityblock.columns import load_schema
from tap_zendesk_cityblock.model_types import Paging
from tap_zendesk_cityblock.models import MODELS

from sandbox.addresses import Addresses
from sandbox.servers import Size, zendesk_server

TICKETS = "/api/v2/incremental/tickets/cursor"
ARTICLES = "/api/v2/help_center/incremental/articles"
TICKET_EVENTS = "/api/v2/incremental/ticket_events"
METRIC_EVENTS = "/api/v2/incremental/ticket_metric_events"
ONLY_TICKETS = {"bulk_models": [], "incremental_models": ["ticket"], "page_size": 100}
TOO_MANY = {
    "error": "APIRateLimitExceeded",
    "description": "Number of allowed incremental export API requests per minute exceeded",
}
EDGE = {"detail": "Rate limited by Zendesk edge protection", "status": "429", "title": "Automated response"}
TOKEN = {"email": "agent@cityblock.example", "api_token": "sandbox-token"}


def only(model, **settings):
    """The settings of a run that exports this model alone."""
    kind = "incremental_models" if MODELS[model].is_incremental else "bulk_models"
    return {"bulk_models": [], "incremental_models": [], kind: [model], **settings}


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


def starts(zendesk, path):
    """From where the requests to this path asked, in their order."""
    queries = [asked["query"] for asked in zendesk.requests() if asked["path"] == path]
    return [query.get("cursor") or query.get("start_time") for query in queries]


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


# --- 3: a bookmark by updated_at, or by the run's own time, leaves gaps ------------------------------------------------
# dlt-hub/verified-sources#621, airbytehq/airbyte#28173


def test_pain_03_a_systems_change_that_leaves_updated_at_alone_is_exported(tap, zendesk):
    """Zendesk changes tickets itself, and their updated_at stays years before the bookmark."""
    first = tap(**ONLY_TICKETS)
    untouched = zendesk.objects("ticket")[0]
    zendesk.advance()
    zendesk.put("ticket", {"id": untouched["id"], "updated_at": untouched["updated_at"], "status": "closed"})

    second = tap(**ONLY_TICKETS, state=first.states[-1])

    exported = {record["id"]: record for record in second.records("ticket")}
    assert 0 < len(exported) < len(first.ids("ticket")) / 2
    assert exported[untouched["id"]]["updated_at"] == untouched["updated_at"]
    assert exported[untouched["id"]]["generated_timestamp"] > untouched["generated_timestamp"]


def test_pain_03_a_run_begins_at_the_very_cursor_at_which_the_last_one_ended(tap, zendesk):
    """A time in its place would skip what changed in that second, or repeat it."""
    first = tap(**ONLY_TICKETS)
    asked = len(starts(zendesk, TICKETS))
    tap(**ONLY_TICKETS, state=first.states[-1])
    assert starts(zendesk, TICKETS)[asked:][0] == first.states[-1]["bookmarks"]["ticket"]["cursor"]


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


# --- 5: rate limits: storms of requests, hours without a sign, answers that are not JSON --------------------------------
# airbytehq/airbyte#11899, #11035, #7373, #14253, singer-io/tap-zendesk#155, facetoe/zenpy#109

LIMITED = {
    "seconds": {"headers": {"Retry-After": "1"}, "body": TOO_MANY},
    "a date": {
        "headers": {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=1))},
        "body": EDGE,
    },
    "zero": {"headers": {"Retry-After": "0"}, "body": TOO_MANY},
    "no Retry-After": {"body": TOO_MANY},
    "words that are not times": {"headers": {"Retry-After": "soon"}, "body": TOO_MANY},
    "a body that is not JSON": {"body": "Number of allowed API requests per minute exceeded"},
    "a body of Zendesk's edge": {"headers": {"Retry-After": "1"}, "body": EDGE},
}


@pytest.mark.parametrize("limited", LIMITED.values(), ids=LIMITED)
def test_pain_05_a_429_of_any_shape_is_waited_out(limited, tap, zendesk):
    """Taps failed on the missing header, on the date, on the text, or asked again at once."""
    zendesk.fault(TICKETS, after=1, status=429, **limited)
    result = tap(**ONLY_TICKETS)
    assert result.code == 0, result.stderr
    assert sorted(result.ids("ticket")) == sorted(zendesk.ids("ticket"))
    assert [asked["status"] for asked in zendesk.requests()].count(429) == 1


def test_pain_05_a_rate_limit_that_does_not_pass_ends_in_time_with_an_exit_code_of_its_own(tap, zendesk):
    """Taps slept for hours, without a word, inside one request."""
    zendesk.fault(TICKETS, after=1, times=1000, status=429, body=TOO_MANY)
    result = tap(**ONLY_TICKETS, give_up_after=2)
    assert result.code == 4
    assert "HTTP 429" in result.stderr
    assert "gave up after" in result.stderr
    assert len(result.ids("ticket")) == 100


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


# --- 7: archived tickets are missing -----------------------------------------------------------------------------------
# airbytehq/airbyte#10613, facetoe/zenpy#282


def test_pain_07_archived_tickets_are_exported(tap, zendesk):
    """The list of tickets does not have them, the export has."""
    archived = zendesk.ids("ticket") - {metric["ticket_id"] for metric in zendesk.objects("ticket_metric")}
    result = tap(**ONLY_TICKETS)
    assert len(archived) > 100
    assert archived <= set(result.ids("ticket"))


def test_pain_07_an_archived_ticket_has_its_metrics(tap, zendesk):
    """The list of metrics forgets a ticket once it is archived; its history went with the next full load."""
    listed = {metric["ticket_id"]: metric for metric in zendesk.objects("ticket_metric")}
    result = tap(bulk_models=["ticket_metric"], incremental_models=["ticket", "ticket_metric_set"])
    assert result.code == 0, result.stderr
    assert {metric["ticket_id"] for metric in result.records("ticket_metric")} == listed.keys()
    metrics = {metric["ticket_id"]: metric for metric in result.records("ticket_metric_set")}
    assert metrics.keys() == set(result.ids("ticket"))
    assert len(metrics.keys() - listed.keys()) > 100
    assert {key: metrics[key]["full_resolution_time_in_minutes"] for key in listed} == {
        key: metric["full_resolution_time_in_minutes"] for key, metric in listed.items()
    }


# --- 8: a deleted ticket ends the run ----------------------------------------------------------------------------------
# facetoe/zenpy#259, singer-io/tap-zendesk#149, mozilla/sumo#3085


def test_pain_08_a_ticket_that_is_deleted_and_restored_is_exported_as_both(tap, zendesk):
    """Taps that ask for each ticket's comments get 404 for a deleted one; others never believe that it is back."""
    runs = [tap(**ONLY_TICKETS)]
    for status in ("deleted", "open"):
        zendesk.advance(1)
        zendesk.put("ticket", {"id": 17, "status": status})
        runs.append(tap(**ONLY_TICKETS, state=runs[-1].states[-1]))
    found = [{row["id"]: row["status"] for row in run.records("ticket")}.get(17) for run in runs[1:]]
    assert found == ["deleted", "open"]
    assert [run.code for run in runs] == [0, 0, 0]
    assert {asked["path"] for asked in zendesk.requests()} == {TICKETS}


# --- 9: a way to log in that is documented does not work ---------------------------------------------------------------
# singer-io/tap-zendesk#126, #161

LOGINS = {
    "OAuth client": {"client_id": "sandbox", "client_secret": "sandbox-secret"},
    "access token": {"access_token": "sandbox-access"},
    "API token": TOKEN,
    "file": None,
}


@pytest.mark.parametrize("login", LOGINS)
def test_pain_09_every_way_to_log_in_discovers_and_exports(login, tap, tmp_path, zendesk):
    """With an API token, the commonest way, one tap has ended with KeyError: access_token since 2023."""
    credentials = LOGINS[login]
    if credentials is None:
        path = tmp_path / "credentials.json"
        path.write_text(json.dumps(TOKEN))
        credentials = {"credentials_path": str(path)}
    settings = {"bulk_models": ["group"], "incremental_models": ["ticket"], "credentials": credentials}
    discovered = tap("--discover", **settings)
    assert discovered.code == 0, discovered.stderr
    result = tap(**settings, catalog=discovered.stdout)
    assert result.code == 0, result.stderr
    assert set(result.ids("group")) == zendesk.ids("group")
    assert set(result.ids("ticket")) == zendesk.ids("ticket")
    assert ("30 April 2027" in result.stderr) == (login in ("API token", "file"))


# --- 10: tokens end in mid-run -----------------------------------------------------------------------------------------
# estuary/connectors#2886, facetoe/zenpy#678, airbytehq/airbyte#65104, NangoHQ/nango#6763


def test_pain_10_a_token_that_ends_in_mid_run_is_renewed_once_and_its_page_asked_for_again(tap, zendesk):
    """Tokens live for half an hour, exports longer; other taps log in at the start of a run only."""
    zendesk.fault(TICKETS, after=1, status=401, body={"error": "invalid_token"})
    result = tap(**ONLY_TICKETS)
    assert result.code == 0
    assert sorted(result.ids("ticket")) == sorted(zendesk.ids("ticket"))
    asked = [(request["status"], request["query"]) for request in zendesk.requests()]
    assert [status for status, _ in asked[:3]] == [200, 401, 200]
    assert asked[1][1] == asked[2][1]


def test_pain_10_a_grant_without_a_lifetime_is_used(tap, zendesk):
    """Zendesk leaves expires_in out unless it was asked for, and not every account returns it then."""
    zendesk.fault(
        "/oauth/tokens", status=200, body={"access_token": "sandbox-access", "token_type": "bearer"}
    )
    result = tap(**ONLY_TICKETS)
    assert result.code == 0, result.stderr
    assert sorted(result.ids("ticket")) == sorted(zendesk.ids("ticket"))


def test_pain_10_a_grant_that_fails_for_a_moment_in_mid_run_is_asked_for_again(tap, zendesk):
    """A renewal is a request like any other."""
    zendesk.fault(TICKETS, after=1, status=401, body={"error": "invalid_token"})
    zendesk.fault("/oauth/tokens", after=1, status=503)
    result = tap(**ONLY_TICKETS)
    assert result.code == 0, result.stderr
    assert "no OAuth token: HTTP 503" in result.stderr
    assert sorted(result.ids("ticket")) == sorted(zendesk.ids("ticket"))


# --- 11: one model that may not be read stops all others ---------------------------------------------------------------
# singer-io/tap-zendesk#185, airbytehq/airbyte#23035


@pytest.mark.parametrize(
    "refusal",
    [
        {
            "status": 403,
            "body": {"error": {"title": "Forbidden", "message": "You do not have access to this page."}},
        },
        {"status": 403, "headers": {"Content-Type": "text/html"}, "body": ""},
        {"status": 404, "body": {"error": "RecordNotFound", "description": "Not found"}},
    ],
    ids=["403", "403 with an empty page", "404"],
)
def test_pain_11_a_model_the_account_may_not_read_stops_no_other_but_the_run_says_so(refusal, tap, zendesk):
    """One refused model ended the run, and no bookmark moved."""
    zendesk.fault("/api/v2/brands", **refusal)
    result = tap(bulk_models=["brand", "group", "view"], incremental_models=["user"])
    assert result.code == 3
    assert f"not available to this account: brand (HTTP {refusal['status']}" in result.stderr
    for model in ("group", "view", "user"):
        assert set(result.ids(model)) == zendesk.ids(model)
    assert "brand" not in {row["table_name"] for row in result.records("EXPORT_METADATA")}
    assert result.states[-1]["bookmarks"]["user"]["cursor"]


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


# --- 13:comments take hours, do not name their ticket, or are not there -----------------------------------------------
# airbytehq/airbyte#11899, #7631, dlt-hub/dlt#2014


def test_pain_13_comments_come_with_the_events_and_know_their_ticket(tap, zendesk):
    """A request for each ticket's comments took five hours for 1.5 million; and `via` may be a number or a word."""
    result = tap(bulk_models=[], incremental_models=["ticket_comment"])
    assert result.code == 0, result.stderr
    comments = result.records("ticket_comment")
    assert len(comments) == len(set(result.ids("ticket_comment"))) >= len(zendesk.ids("ticket"))
    assert {asked["path"] for asked in zendesk.requests()} == {TICKET_EVENTS}
    assert len(zendesk.requests()) <= 1 + len(zendesk.ids("ticket_event")) // 500
    events = {event["id"]: event for event in zendesk.objects("ticket_event")}
    for comment in comments:
        event = events[comment["ticket_event_id"]]
        [found] = [child for child in event["child_events"] if child["id"] == comment["id"]]
        assert comment["ticket_id"] == event["ticket_id"]
        for name in ("public", "body", "attachments", "author_id"):
            assert comment[name] == found[name]
    assert {type(comment["via"]) for comment in comments} == {dict}
    assert any(comment["attachments"] for comment in comments)


# --- 14: what Zendesk serves does not fit the schema -------------------------------------------------------------------
# singer-io/tap-zendesk#30, estuary/connectors#1988, airbytehq/airbyte#8330

VALUES = [["a", "b"], [], 27, 27.5, "27", True, None, {"nested": 1}]


def test_pain_14_custom_fields_of_every_type_are_exported_as_they_are(tap, zendesk):
    """Values are texts, numbers, booleans, lists or nothing, in one column; taps dropped them or failed."""
    fields = [{"id": number, "value": value} for number, value in enumerate(VALUES)]
    zendesk.put("ticket", {"id": 9, "custom_fields": fields, "via": {"channel": 27, "source": None}})
    result = tap(**ONLY_TICKETS)
    assert result.code == 0, result.stderr
    [record] = [row for row in result.records("ticket") if row["id"] == 9]
    assert record["custom_fields"] == fields
    assert record["via"] == {"channel": 27, "source": None}
    jsonschema.validate({"custom_fields": fields}, {**load_schema("ticket"), "required": []})


@pytest.mark.parametrize("maps", [None, {"ticket": {"id": "record['id']"}}], ids=["bytes", "dicts"])
def test_pain_14_a_property_that_is_new_is_left_out_and_logged_once(maps, tap, zendesk):
    """It ended other taps' runs, or was dropped without a word; whichever way rows are read, it does neither."""
    zendesk.put("ticket", {"id": 3, "hue": "blue"}, {"id": 5, "hue": "red", "taste": [1]})
    result = tap(**ONLY_TICKETS | {"page_size": 50}, stream_maps=maps)
    assert result.code == 0, result.stderr
    found = [line.partition("ticket: ")[2] for line in result.stderr.splitlines() if "new property" in line]
    assert found == [
        f"Zendesk has a new property, {name}; it is left out until the schema has it"
        for name in ("hue", "taste")
    ]
    assert sorted(result.ids("ticket")) == sorted(zendesk.ids("ticket"))
    assert not any({"hue", "taste"} & record.keys() for record in result.records("ticket"))


# --- 15: long runs without a checkpoint begin again, forever ----------------------------------------------------------
# airbytehq/airbyte, AGENTS.md of source-zendesk-support


def test_pain_15_every_page_is_followed_by_its_state(tap, zendesk):
    """A run of hours whose state comes at its end is lost by one failure."""
    result = tap(**ONLY_TICKETS | {"page_size": 50})
    kinds = [m["type"] for m in result.messages if m.get("stream") in (None, "ticket")]
    pages = "".join(kind[0] for kind in kinds).split("S")  # Schema, State; what lies between are Records
    assert sorted((len(page) for page in pages if page), reverse=True) == sizes(
        len(zendesk.ids("ticket")), 50
    )


def sizes(rows, page):
    return [page] * (rows // page) + [rows % page] * bool(rows % page)


def test_pain_15_a_run_that_ended_at_any_page_goes_on_at_the_next(tap, zendesk):
    """Whatever page it was: no row twice, none missing."""
    whole = tap(**ONLY_TICKETS | {"page_size": 60})
    ids = whole.ids("ticket")
    cursors = [state for state in whole.states if state["bookmarks"].get("ticket", {}).get("cursor")]
    assert len(cursors) > 3
    for pages, state in enumerate(cursors[:-1], start=1):
        rest = tap(**ONLY_TICKETS | {"page_size": 60}, state=state)
        assert rest.ids("ticket") == ids[min(pages * 60, len(ids)) :]


def test_pain_15_a_run_that_is_killed_goes_on_where_its_last_state_stands(command, commands, tap, zendesk):
    """Kill -9 in the third page: the next run brings the third and what follows."""
    zendesk.fault(TICKETS, after=2, kind="slow", delay=30)
    ids, states = [], []
    with commands.start(*command(**ONLY_TICKETS)) as killed:
        for line in killed.stdout:
            message = json.loads(line)
            if message["type"] == "RECORD":
                ids.append(message["record"]["id"])
            elif message["type"] == "STATE" and message["value"].get("bookmarks", {}).get("ticket"):
                states.append(message["value"])
                if len(ids) == 200:
                    break
        killed.kill()
    rest = tap(**ONLY_TICKETS, state=states[-1])
    assert rest.code == 0, rest.stderr
    assert sorted(ids + rest.ids("ticket")) == sorted(zendesk.ids("ticket"))


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


# --- 17: a child that is exported without its parent begins at the start, every run -----------------------------------
# singer-io/tap-zendesk#176


def test_pain_17_a_part_that_is_exported_without_its_source_goes_on_where_it_stood(tap, zendesk):
    """Its bookmark was the parent's, which does not move while the parent is not exported."""
    first = tap(**only("ticket_comment"))
    assert first.code == 0, first.stderr
    assert set(first.ids("ticket_comment")) == zendesk.ids("ticket_comment")
    stood = first.states[-1]["bookmarks"]["ticket_comment"]["start_time"]
    zendesk.advance()
    asked = len(starts(zendesk, TICKET_EVENTS))
    second = tap(**only("ticket_comment"), state=first.states[-1])
    assert starts(zendesk, TICKET_EVENTS)[asked] == str(stood)
    assert 0 < len(second.ids("ticket_comment")) < len(first.ids("ticket_comment")) / 2
    assert {*first.ids("ticket_comment"), *second.ids("ticket_comment")} == zendesk.ids("ticket_comment")
    found = {message.get("stream") for message in second.messages}
    assert found == {"ticket_comment", "comment_redaction", "EXPORT_METADATA", None}


# --- 18: users are missing, at random ----------------------------------------------------------------------------------
# airbytehq/airbyte#12060


def test_pain_18_no_user_is_missing_while_users_change(tap, zendesk):
    """Rows that move between pages are skipped by a list that counts them; and the last minute is not served yet."""
    moment = "2025-12-30T11:00:00Z"
    zendesk.put("user", *({"id": 660_000 + n, "name": f"Late {n}", "updated_at": moment} for n in range(25)))
    settings = only("user", page_size=7)
    runs = [tap(**settings)]
    for _ in range(3):
        zendesk.advance(6)
        runs.append(tap(**settings, state=runs[-1].states[-1]))
    assert [run.code for run in runs] == [0] * 4
    assert all(run.ids("user") for run in runs)
    rows = {row["id"]: row for run in runs for row in run.records("user")}
    users = {user["id"]: user for user in zendesk.objects("user")}
    assert rows.keys() == users.keys()
    assert {key: row["updated_at"] for key, row in rows.items()} == {
        key: user["updated_at"] for key, user in users.items()
    }


# --- 20: the end of an export is unknown --------------------------------------------------------------------------
# facetoe/zenpy#683, #619


@pytest.mark.parametrize("model", ["ticket", "organization"])
def test_pain_20_a_run_can_begin_at_the_end_in_export_metadata(model, tap, zendesk):
    """One client lost `end_time` in a release. What the legacy system's rows say: tests/target_bigquery/test_state_from_export_metadata.py."""
    first = tap(**only(model))
    [row] = first.records("EXPORT_METADATA")
    start = {"start_cursor": row["end_cursor"]} if row["end_cursor"] else {"start_time": row["end_time"]}
    zendesk.advance()
    second = tap(**only(model), **start)
    assert second.code == 0, second.stderr
    rows = {r["id"]: r["updated_at"] for run in (first, second) for r in run.records(model)}
    assert rows == {thing["id"]: thing["updated_at"] for thing in zendesk.objects(model)}
    assert 0 < len(second.ids(model)) < len(first.ids(model))


def test_pain_20_what_changed_two_minutes_ago_is_exported(tap, zendesk):
    """One client stops five minutes before now, and a run that comes later finds nothing to go on from."""
    first = tap(**only("organization"))
    zendesk.advance(1)
    [changed] = zendesk.put("organization", {"id": 970_123, "name": "Two minutes ago"})
    second = tap(**only("organization"), state=first.states[-1])
    assert changed in second.ids("organization")


# --- 21: numbers of SLAs and business hours cannot be checked ---------------------------------------------------------
# fivetran/dbt_zendesk#100, #141, #54, #121


def test_pain_21_a_breach_that_leaves_its_ticket_alone_is_exported_and_so_is_an_event_that_is_deleted(
    tap, zendesk
):
    """Times that are computed from tickets differ from Zendesk's; its own events and hours come as they are."""
    models = {"bulk_models": ["schedule"], "incremental_models": ["ticket", "ticket_metric_event"]}
    first = tap(**models)
    assert set(first.ids("schedule")) == zendesk.ids("schedule")
    [known, *_] = zendesk.objects("ticket_metric_event")
    breach = {"id": 8_800_000_001, "ticket_id": 4, "type": "breach", "metric": "reply_time"}
    zendesk.advance(1)
    zendesk.put("ticket_metric_event", breach, {"id": known["id"], "deleted": True})
    second = tap(**models, state=first.states[-1])
    events = {event["id"]: event for event in second.records("ticket_metric_event")}
    assert events[breach["id"]]["type"] == "breach"
    assert events[known["id"]]["deleted"] is True
