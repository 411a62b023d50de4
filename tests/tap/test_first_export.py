"""A first export that begins with searches: the same rows as by the incremental export, whatever happens meanwhile."""

import json
import re
from collections import Counter

import pytest
import requests
from tap_zendesk_cityblock.readers.counting import iso
from tap_zendesk_cityblock.state.positions import seconds_of
from tap_zendesk_cityblock.state.validation import check_state

FAST = {"bulk_models": [], "page_size": 5, "fast_first_export": True}
TICKETS = FAST | {"incremental_models": ["ticket"]}
USERS = FAST | {"incremental_models": ["user"], "page_size": 1}
SEARCH, COUNT = "/api/v2/search/export", "/api/v2/search/count"
EXPORTS = {
    "ticket": "/api/v2/incremental/tickets/cursor",
    "user": "/api/v2/incremental/users/cursor",
}
CLOCKS = {"ticket": "generated_timestamp", "user": "updated_at"}
DOCUMENTED = {"ticket": {"generated_timestamp"}, "user": set()}
"""Columns in which rows of searches may differ."""


def search(zendesk, **lacking):
    requests.put(f"{zendesk.url}/_sandbox/search", json=lacking, timeout=30).raise_for_status()


@pytest.fixture
def zendesk(zendesk):
    """Whose limits of exports make searches worth it, and end too soon to wait for."""
    search(zendesk)
    zendesk.limits(
        **{
            "incremental-exports": {"total": 7, "window": 0.001},
            "incremental-exports-cursor": {"total": 10, "window": 0.001},
        }
    )
    return zendesk


def is_whole(model, record):
    return record.get("created_at" if model == "ticket" else "verified") is not None


def shown(model, records):
    """By key: the row that the view shows, without the columns of the export; only whole rows."""
    rows = {}
    for record in records:
        if is_whole(model, record):
            place = (record[CLOCKS[model]], record["_exported_at"])
            if record["id"] not in rows or place >= rows[record["id"]][0]:
                rows[record["id"]] = (place, record)
    hidden = DOCUMENTED[model] | {"_export_id", "_exported_at"}
    return {
        key: {name: value for name, value in record.items() if name not in hidden}
        for key, (_, record) in rows.items()
    }


def is_deleted(model, thing):
    return thing["status"] == "deleted" if model == "ticket" else not thing["active"]


def there(zendesk, model):
    """What Zendesk has that is not deleted, as `shown`."""
    return {
        thing["id"]: {n: v for n, v in thing.items() if n not in DOCUMENTED[model] | {"fields"}}
        for thing in zendesk.objects(model)
        if not is_deleted(model, thing)
    }


def left(model, rows):
    return {key: row for key, row in rows.items() if not is_deleted(model, row)}


def remainder_of(run):
    """As it reports it."""
    return run.records("PIPELINE_RUN")[-1]["remainder"]


def asked(zendesk):
    return Counter(one["path"] for one in zendesk.requests())


@pytest.mark.parametrize("model", EXPORTS)
def test_all_rows_come_by_searches_and_only_late_changes_by_the_export(model, tap, zendesk):
    settings = (TICKETS if model == "ticket" else USERS) | {"record_run": True}
    result = tap(**settings)
    assert result.code == 0, result.stderr
    paths = asked(zendesk)
    assert paths[SEARCH] > 10
    assert 8 < paths[EXPORTS[model]] < 15
    logged = re.search(
        model + r": what changed from \S+ to \S+ is left to later runs, about (\d+) rows in \d runs?;",
        result.stderr,
    )
    assert logged
    assert remainder_of(result) == [{"model": model, "rows": int(logged[1])}]
    assert re.search(rf"left to later runs, of a first export: {model}\n", result.stderr)
    assert left(model, shown(model, result.records(model))) == there(zendesk, model)
    listed = {one["id"] for one in zendesk.objects(f"deleted_{model}") if one.get("subject") != "SCRUBBED"}
    assert listed <= set(result.ids(model))
    assert {one["status"] for one in zendesk.requests()} == {200}
    assert "new property" not in result.stderr
    found = re.search(r"searches returned (\d+), Zendesk counts (\d+)", result.stderr)
    assert found
    assert found[1] == found[2]
    bookmark = result.states[-1]["bookmarks"][model]
    assert "search" not in bookmark
    following = tap(**settings, state=result.states[-1])
    assert following.code == 0
    [part] = remainder_of(following)
    assert 0 < part["rows"] < int(logged[1])
    assert asked(zendesk)[SEARCH] == paths[SEARCH]


def test_a_clock_that_search_lacks_is_that_of_the_last_update_but_before_the_export(tap, zendesk):
    changed = zendesk.now() - 600
    zendesk.put("ticket", {"id": 40, "generated_timestamp": int(changed)})
    rows = tap(**TICKETS).records("ticket")
    truth = {one["id"]: one for one in zendesk.objects("ticket")}
    versions = [row for row in rows if row["id"] == 40]
    assert len(versions) == 2
    assert versions[0]["generated_timestamp"] == int(zendesk.now()) - 3601
    assert versions[1]["generated_timestamp"] == truth[40]["generated_timestamp"]
    for row in rows:
        assert row["generated_timestamp"] <= truth[row["id"]]["generated_timestamp"]


def test_killed_at_ten_moments_nothing_is_lost_and_only_the_rest_is_read(tap, export, zendesk):
    whole = tap(**FAST, incremental_models=["ticket", "user"])
    assert whole.code == 0, whole.stderr
    zendesk.advance()
    messages = whole.messages
    reads = []
    for part in range(1, 11):
        before = messages[: len(messages) * part // 11]
        state = next((m["value"] for m in reversed(before) if m["type"] == "STATE"), None)
        if state is not None:
            check_state(state, "cityblock-local")
        requests.delete(f"{zendesk.url}/_sandbox/requests", timeout=30)
        rest = export(state, **FAST, incremental_models=["ticket", "user"])
        assert rest.code == 0, rest.stderr
        reads.append(asked(zendesk)[SEARCH])
        for model in EXPORTS:
            landed = [m["record"] for m in before if m["type"] == "RECORD" and m["stream"] == model]
            rows = shown(model, [*landed, *rest.records(model)])
            assert left(model, rows) == there(zendesk, model)
        assert rest.states[-1]["bookmarks"]["ticket"]["reached"]
    assert reads[0] > reads[4] > reads[9]


def test_what_changes_while_an_export_is_killed_is_right_after_it(tap, export, zendesk):
    settings = FAST | {"incremental_models": ["ticket", "user"]}
    messages = tap(**settings).messages
    at = next(n for n, m in enumerate(messages) if m["type"] == "STATE" and is_half_searched(m["value"]))
    landed = messages[: at + 1]
    tickets, users = there(zendesk, "ticket"), there(zendesk, "user")
    deleted = [one["id"] for one in zendesk.objects("ticket") if is_deleted("ticket", one)]
    now = int(zendesk.now()) - 120
    clocks = {"updated_at": iso(now), "generated_timestamp": now}
    zendesk.put("ticket", {"id": deleted[0], "status": "open", **clocks})  # restored
    zendesk.put("ticket", {"id": min(tickets), "status": "deleted", **clocks})
    zendesk.put("ticket", {"id": max(tickets), "subject": "new", **clocks})
    loser = max(key for key, one in users.items() if one["role"] == "end-user")
    zendesk.put("user", {"id": loser, "active": False, "updated_at": iso(now)})  # merged into another one
    moved = sorted(tickets)[1]
    zendesk.put("ticket", {"id": moved, "requester_id": min(users), "generated_timestamp": now})
    rest = export(landed[-1]["value"], **settings)
    assert rest.code == 0, rest.stderr
    assert "continuing by the incremental export" not in rest.stderr
    for model in EXPORTS:
        first = [m["record"] for m in landed if m["type"] == "RECORD" and m["stream"] == model]
        assert left(model, shown(model, [*first, *rest.records(model)])) == there(zendesk, model)


def is_half_searched(state):
    search = state.get("bookmarks", {}).get("ticket", {}).get("search", {})
    return search.get("rows", 0) > 50 and bool(search["unread"])


def test_a_second_with_more_rows_than_a_span_is_read_whole(tap, zendesk):
    second, known = 1_600_000_000, there(zendesk, "ticket")
    many = zendesk.put("ticket", *({"created_at": iso(second), "updated_at": iso(second)} for _ in range(25)))
    found = begun(
        zendesk, unread=[[second - 50_000, second + 50_000]], rows=len(known), total=len(known) + 25
    )
    run = tap(**TICKETS | {"page_size": 1}, state={"bookmarks": {"ticket": {"search": found}}})
    assert run.code == 0, run.stderr
    assert set(many) <= set(run.ids("ticket"))
    assert "continuing by" not in run.stderr


def test_other_clients_that_search_too_delay_it_only(tap, zendesk):
    zendesk.limits(**{"search-export": {"total": 30, "window": 1, "others": 20}})
    result = tap(**TICKETS)
    assert result.code == 0, result.stderr
    assert left("ticket", shown("ticket", result.records("ticket"))) == there(zendesk, "ticket")
    assert "continuing by" not in result.stderr


def test_a_list_of_deleted_tickets_that_has_been_read_is_not_read_again(export, zendesk):
    found = begun(zendesk, unread=[[1_569_801_600, 1_569_801_601]], rows=10_000)
    states = export({"bookmarks": {"ticket": {"search": found}}}, **TICKETS).states
    searches = [state["bookmarks"]["ticket"].get("search", {}) for state in states]
    after = next(number for number, one in enumerate(searches) if "deleted" in one)
    requests.delete(f"{zendesk.url}/_sandbox/requests", timeout=30)
    assert export(states[after], **TICKETS).code == 0
    assert asked(zendesk)["/api/v2/deleted_tickets"] == 0


def test_what_search_does_not_show_yet_comes_by_the_export(tap, zendesk):
    changed = int(zendesk.now()) - 1800
    zendesk.put("ticket", {"id": 41, "subject": "late", "generated_timestamp": changed})
    search(zendesk, unindexed=[41])
    result = tap(**TICKETS)
    assert result.code == 0, result.stderr
    assert [row["subject"] for row in result.records("ticket") if row["id"] == 41] == ["late"]


def test_a_span_that_stays_incomplete_is_left_to_the_export(tap, zendesk):
    hidden = sorted(there(zendesk, "ticket"))[120]
    search(zendesk, counted=[hidden])
    result = tap(**TICKETS)
    assert result.code == 0, result.stderr
    assert re.search(
        r"ticket: the search for objects created from \S+ to \S+: Zendesk counts (\d+) and returned \d+;"
        r" continuing by the incremental export from 20",
        result.stderr,
    )
    assert left("ticket", shown("ticket", result.records("ticket"))) == there(zendesk, "ticket")
    queries = [one["query"] for one in zendesk.requests() if one["path"] == EXPORTS["ticket"]]
    _probe, start, again = [int(query["start_time"]) for query in queries if "start_time" in query]
    assert again < start <= seconds_of(there(zendesk, "ticket")[hidden]["created_at"])


@pytest.mark.parametrize("status", [403, 422])
def test_searches_that_are_refused_leave_everything_to_the_export(status, tap, zendesk):
    zendesk.fault(SEARCH, status=status, times=50, body={"error": "Refused"})
    result = tap(**TICKETS)
    requests.delete(f"{zendesk.url}/_sandbox/faults", timeout=30)
    assert result.code == 0, result.stderr
    assert "continuing by the incremental export from 2019-09-30" in result.stderr
    assert left("ticket", shown("ticket", result.records("ticket"))) == there(zendesk, "ticket")


def test_an_expired_search_is_repeated(tap, zendesk):
    refused = {"error": "InvalidPaginationParameter", "description": "page[after] has expired"}
    zendesk.fault(SEARCH, status=400, after=7, body=refused)
    result = tap(**TICKETS)
    assert result.code == 0, result.stderr
    assert left("ticket", shown("ticket", result.records("ticket"))) == there(zendesk, "ticket")
    assert "continuing by" not in result.stderr


def test_spans_that_miss_what_zendesk_counts_together_are_read_again_by_the_export(tap, zendesk):
    """As if searches took the bounds of a span differently."""
    state = {"bookmarks": {"ticket": {"search": begun(zendesk, unread=[[0, 1_600_000_000]], rows=3)}}}
    result = tap(**TICKETS, state=state)
    assert result.code == 0, result.stderr
    assert re.search(
        r"searches returned \d+ objects too few; continuing by the incremental export", result.stderr
    )
    assert left("ticket", shown("ticket", result.records("ticket"))) == there(zendesk, "ticket")


def test_an_old_object_that_changes_during_the_searches_does_not_make_them_incomplete(tap, zendesk):
    now, truth = int(zendesk.now()), there(zendesk, "ticket")
    oldest, *_ = by_update = sorted(truth.values(), key=lambda one: one["updated_at"])
    since = seconds_of(by_update[len(by_update) // 2]["updated_at"])
    rows = sum(
        seconds_of(one["updated_at"]) >= since and seconds_of(one["created_at"]) < now - 3600
        for one in truth.values()
    )
    zendesk.put(
        "ticket", {"id": oldest["id"], "updated_at": iso(now - 600), "generated_timestamp": now - 600}
    )
    state = {"bookmarks": {"ticket": {"search": begun(zendesk, since=since, rows=rows, total=rows + 1)}}}
    result = tap(**TICKETS, state=state)
    assert result.code == 0, result.stderr
    assert f"searches returned {rows}, Zendesk counts {rows + 1}" in result.stderr
    assert "too few" not in result.stderr
    assert oldest["id"] in result.ids("ticket")


def begun(zendesk, **changed):
    search = {
        "since": 1_569_801_600,
        "until": int(zendesk.now()) - 3600,
        "unread": [],
        "rows": 0,
        "total": 250,
    }
    return search | changed


def test_without_the_setting_a_first_export_goes_on_by_the_export_from_its_start(tap, zendesk):
    state = {"bookmarks": {"ticket": {"search": begun(zendesk)}}}
    result = tap(**TICKETS | {"fast_first_export": False}, state=state)
    assert result.code == 0, result.stderr
    assert asked(zendesk)[SEARCH] == 0
    assert left("ticket", shown("ticket", result.records("ticket"))) == there(zendesk, "ticket")


def test_few_rows_derived_models_and_other_support_types_are_left_to_the_export(tap, zendesk):
    for settings in (
        {"page_size": None},
        {"incremental_models": ["ticket", "ticket_metric_set"]},
        {"support_type_scope": "agent"},
    ):
        assert tap(**TICKETS | settings).code == 0
        assert asked(zendesk)[SEARCH] == 0
    zendesk.limits(**{"incremental-exports": {"total": 100}})  # by which it takes less than a minute
    assert tap(**TICKETS).code == 0
    assert asked(zendesk)[SEARCH] == 0


def test_the_limit_of_searches_is_kept(tap, zendesk):
    zendesk.limits(**{"search-export": {"total": 100, "window": 60}})
    result = tap(**FAST | {"incremental_models": ["ticket", "user"], "page_size": 10})
    assert result.code == 0, result.stderr
    assert {one["status"] for one in zendesk.requests()} == {200}


def test_a_deselected_column_is_in_no_row(tap, zendesk):
    catalog = json.loads(tap("--discover", **TICKETS, discover_permissions=False).stdout)
    stream = next(one for one in catalog["streams"] if one["tap_stream_id"] == "ticket")
    for entry in stream["metadata"]:
        if entry["breadcrumb"] == ["properties", "subject"]:
            entry["metadata"]["selected"] = False
    result = tap(**TICKETS, catalog=catalog)
    assert result.code == 0, result.stderr
    assert result.records("ticket")
    assert not any("subject" in record for record in result.records("ticket"))


def test_plan_shows_the_minutes_with_and_without_searches(command, commands, zendesk):
    zendesk.limits(account={"total": 700})
    line = command(name="tap-zendesk-cityblock-plan", **TICKETS | {"page_size": 1})
    ran = commands.run(*line)
    row = next(re.split(r"\s{2,}", line) for line in ran.stdout.splitlines() if line.startswith("ticket"))
    assert row[4] == "100"
    assert re.fullmatch(r"2, not 2\d", row[5])


def test_this_run_and_later_ones_read_the_export_before_the_searches_some_pages_each(export, zendesk):
    run = export(**TICKETS)
    landed, states = run.records("ticket"), [run.states[-1]]
    assert {row["id"] for row in landed if is_whole("ticket", row)} < set(zendesk.ids("ticket"))
    while "remainder" in states[-1]["bookmarks"]["ticket"]:
        check_state(states[-1], "cityblock-local")
        run = export(states[-1], **TICKETS)
        assert run.code == 0, run.stderr
        assert len(run.records("ticket")) <= 106
        landed += run.records("ticket")
        states.append(run.states[-1])
    assert len(states) == 4
    latest = {row["id"]: row["generated_timestamp"] for row in landed}
    truth = {one["id"]: one for one in zendesk.objects("ticket")}
    assert latest == {key: one["generated_timestamp"] for key, one in truth.items()}
    hidden = {"fields", "generated_timestamp"}
    assert shown("ticket", landed) == {
        key: {n: v for n, v in one.items() if n not in hidden} for key, one in truth.items()
    }
    assert export(states[-1], **TICKETS).ids("ticket") == []


def test_what_is_left_to_read_stays_in_the_state_without_the_setting_and_after_a_rewind(export, zendesk):
    left = {"start_time": 1_569_801_600, "until": int(zendesk.now()) - 3600}
    start = {"start_time": int(zendesk.now()) - 3600, "remainder": left}
    settings = TICKETS | {"fast_first_export": False, "page_size": 1}
    after = export({"bookmarks": {"ticket": start}}, **settings).states[-1]["bookmarks"]["ticket"]
    assert after["remainder"]["until"] == left["until"]
    assert after["remainder"]["cursor"]
    rewound = {"bookmarks": {"ticket": after | {"start_time": start["start_time"] - 60}}}
    again = export(rewound, **settings).states[-1]["bookmarks"]["ticket"]
    assert again["remainder"] not in (left, after["remainder"])


def test_a_run_that_cannot_read_on_reports_what_is_left_without_a_count(tap, zendesk):
    left = {"start_time": 1_569_801_600, "until": int(zendesk.now()) - 3600}
    state = {"bookmarks": {"ticket": {"start_time": int(zendesk.now()) - 3600, "remainder": left}}}
    zendesk.fault(EXPORTS["ticket"], status=403)
    assert remainder_of(tap(**TICKETS, record_run=True, state=state)) == [{"model": "ticket", "rows": None}]


@pytest.mark.parametrize("joining", [{}, {"start_time": 1_700_000_000}], ids=["new", "behind"])
def test_what_is_left_to_read_is_not_forgotten_when_another_model_of_its_pages_is_behind(
    joining, export, zendesk
):
    left = {"start_time": 1_569_801_600, "until": int(zendesk.now()) - 3600}
    ticket = {"start_time": int(zendesk.now()) - 3600, "remainder": left}
    state = {"bookmarks": {"ticket": ticket, "ticket_metric_set": joining}}
    both = TICKETS | {"incremental_models": ["ticket", "ticket_metric_set"]}
    run = export(state, **both)
    assert run.code == 0, run.stderr
    read = set(run.ids("ticket"))
    while "remainder" in run.states[-1]["bookmarks"]["ticket"]:
        run = export(run.states[-1], **both)
        read |= set(run.ids("ticket"))
    assert read == zendesk.ids("ticket")


def test_what_is_left_to_read_stays_in_the_state_where_zendesk_points_back(export, zendesk):
    left = {"start_time": 1_569_801_600, "until": int(zendesk.now()) - 3600}
    start = {"bookmarks": {"ticket": {"start_time": int(zendesk.now()) - 3600, "remainder": left}}}
    settings = TICKETS | {"fast_first_export": False}
    export(start, **settings)
    pages = asked(zendesk)[EXPORTS["ticket"]]
    back = {"tickets": [], "after_cursor": "MTU2OTgwMTYwMC4wfHwx", "end_of_stream": False}
    zendesk.fault(EXPORTS["ticket"], status=200, after=pages - 1, body=back)
    after = export(start, **settings).states[-1]["bookmarks"]["ticket"]
    assert after["remainder"]["until"] == left["until"]


def test_without_incremental_exports_what_is_left_is_read_from_the_lists(tap, zendesk):
    left = {"start_time": 1_569_801_600, "until": int(zendesk.now()) - 3600}
    state = {"bookmarks": {"user": {"start_time": int(zendesk.now()) - 3600, "remainder": left}}}
    result = tap(**USERS | {"incremental_exports": False}, state=state)
    assert result.code == 0, result.stderr
    assert set(result.ids("user")) >= set(there(zendesk, "user"))
