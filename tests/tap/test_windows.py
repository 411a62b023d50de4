"""Lists that are asked for by spans of time, and exports that are followed by next_page."""

from datetime import UTC, datetime, timedelta

import pytest

WINDOWED = {
    "audit_log": ("/api/v2/audit_logs", "created_at"),
    "satisfaction_rating": ("/api/v2/satisfaction_ratings", "updated_at"),
    "access_log": ("/api/v2/access_logs", "timestamp"),
}
NEXT = {
    "routing_attribute_event": "/api/v2/incremental/routing/attributes",
    "chat": "/api/v2/chat/incremental/chats",
}
RECENT = "2025-06-01"


def only(model, **settings):
    return {"bulk_models": [], "incremental_models": [model], **settings}


def keys(zendesk, model):
    return {one["id"] for one in zendesk.objects(model)}


@pytest.mark.parametrize("model", WINDOWED)
def test_a_list_is_read_span_by_span_and_goes_on_at_its_last_row(model, tap, zendesk):
    first = tap(**only(model))
    assert first.code == 0, first.stderr
    assert set(first.ids(model)) == keys(zendesk, model)
    path, clock = WINDOWED[model]
    last = max(one[clock] for one in zendesk.objects(model))
    zendesk.advance()
    second = tap(**only(model), state=first.states[-1])
    assert {*first.ids(model), *second.ids(model)} == keys(zendesk, model)
    assert all(record[clock] >= last for record in second.records(model))  # the last second again
    assert 0 < sum(record[clock] > last for record in second.records(model)) <= 2
    assert {request["path"] for request in zendesk.requests()} >= {path}


def test_a_span_of_time_is_sent_as_the_list_wants_it(tap, zendesk):
    for model in WINDOWED:
        tap(**only(model, start_time=RECENT))
    first = {}
    for request in zendesk.requests():
        first.setdefault(request["path"], request["query"])
    assert first["/api/v2/satisfaction_ratings"]["start_time"] == "1748735999"
    assert first["/api/v2/satisfaction_ratings"]["end_time"] == str(1748736000 + 30 * 86_400)
    assert first["/api/v2/access_logs"]["filter[start]"] == "2025-05-31T23:59:59Z"
    assert first["/api/v2/access_logs"]["filter[end]"] == "2026-06-02T00:00:00Z"
    assert first["/api/v2/access_logs"]["page[size]"] == "2500"
    assert "start_time" not in first["/api/v2/audit_logs"]
    served = [one for one in zendesk.objects("audit_log") if one["created_at"] >= "2025-06-01"]
    assert 0 < len(served) < len(zendesk.objects("audit_log"))


@pytest.mark.parametrize("model", ["audit_log", "access_log"])
def test_a_run_that_ended_inside_a_second_goes_on_with_its_other_rows(model, tap, zendesk):
    clock = WINDOWED[model][1]
    ours = [9001, 9002, 9003]
    zendesk.put(model, {"id": 9000, clock: "2025-12-31T10:59:59Z"})
    zendesk.put(model, *({"id": number, clock: "2025-12-31T11:00:00Z"} for number in ours))
    whole = tap(**only(model, page_size=2, start_time="2025-12-30"))
    assert set(ours) <= set(whole.ids(model))
    seen, states = set(), []
    for message in whole.messages:
        if message["type"] == "RECORD" and message["stream"] == model:
            seen.add(message["record"]["id"])
        elif message["type"] == "STATE" and message["value"]["bookmarks"].get(model):
            states.append((message["value"], set(seen)))
    assert any(len(seen.intersection(ours)) in (1, 2) for _, seen in states)
    for state, had in states:
        rest = tap(**only(model, page_size=2), state=state)
        assert had | set(rest.ids(model)) >= set(whole.ids(model))


def test_a_row_of_the_second_in_which_a_span_ends_is_in_one_of_them(tap, zendesk):
    start = datetime(2024, 1, 1, tzinfo=UTC)
    border = start + timedelta(days=366)
    zendesk.put("access_log", {"id": 8001, "timestamp": border.strftime("%Y-%m-%dT%H:%M:%SZ")})
    assert 8001 in tap(**only("access_log", start_time=start.isoformat())).ids("access_log")


def test_only_the_span_is_read_that_settings_ask_for(tap, zendesk):
    result = tap(**only("audit_log", start_time=RECENT))
    wanted = {one["id"] for one in zendesk.objects("audit_log") if one["created_at"] >= RECENT}
    assert set(result.ids("audit_log")) == wanted


def test_a_span_of_several_pages_moves_the_bookmark_once_it_is_whole(tap, zendesk):
    result = tap(**only("satisfaction_rating", page_size=1))
    assert set(result.ids("satisfaction_rating")) == keys(zendesk, "satisfaction_rating")
    found, before = [], 0
    for message in result.messages:
        if message["type"] == "RECORD" and message["stream"] == "satisfaction_rating":
            before += 1
        start = message.get("value", {}).get("bookmarks", {}).get("satisfaction_rating", {}).get("start_time")
        if start:
            found.append((start, before))
    assert found == sorted(found)
    assert len({start for start, _ in found}) > 10


def test_each_page_of_a_list_in_order_moves_the_bookmark(tap, zendesk):
    whole = tap(**only("audit_log", page_size=20))
    halfway = [state for state in whole.states if state["bookmarks"].get("audit_log")][2]
    rest = tap(**only("audit_log", page_size=20), state=halfway)
    ids = whole.ids("audit_log")
    assert rest.ids("audit_log")[-90:] == ids[-90:]
    assert len(rest.ids("audit_log")) < len(ids) - 40
    assert {*ids[:60], *rest.ids("audit_log")} == set(ids)


def test_a_run_without_new_rows_keeps_its_place(tap, zendesk):
    first = tap(**only("audit_log"))
    second = tap(**only("audit_log"), state=first.states[-1])
    assert len({record["created_at"] for record in second.records("audit_log")}) <= 1  # the last second again
    assert second.states[-1]["bookmarks"]["audit_log"] == first.states[-1]["bookmarks"]["audit_log"]


def test_a_clock_that_is_no_time_stops_no_other_object(tap, zendesk):
    odd = [
        {"id": number, "created_at": clock} for number, clock in enumerate(("Secretive", {"a": 1}, None), 1)
    ]
    good = {"id": 9, "created_at": "2025-12-30T00:00:00Z"}
    body = {"audit_logs": [*odd, good], "meta": {"has_more": False}}
    zendesk.fault("/api/v2/audit_logs", status=200, body=body)
    result = tap(**only("audit_log"))
    assert result.code == 0, result.stderr
    assert result.ids("audit_log")[:4] == [1, 2, 3, 9]
    assert "audit_log: 3 of 4 objects have no valid created_at" in result.stderr
    assert "Secretive" not in result.stderr


@pytest.mark.parametrize("model", NEXT)
def test_next_page_is_followed_and_is_where_the_next_run_starts(model, tap, zendesk):
    first = tap(**only(model))
    assert first.code == 0, first.stderr
    assert set(first.ids(model)) == keys(zendesk, model)
    zendesk.advance()
    second = tap(**only(model), state=first.states[-1])
    assert len(second.ids(model)) == 2
    assert {*first.ids(model), *second.ids(model)} == keys(zendesk, model)
    third = tap(**only(model), state=second.states[-1])
    assert third.ids(model) == []
    assert third.states[-1]["bookmarks"][model] == second.states[-1]["bookmarks"][model]


@pytest.mark.parametrize("model", NEXT)
def test_a_page_that_leads_to_itself_is_the_last(model, tap, zendesk):
    first = tap(**only(model))
    row = zendesk.objects(model)[0]
    root = "chats" if model == "chat" else "attributes"
    cursor = first.states[-1]["bookmarks"][model]["cursor"]
    body = {root: [row], "next_page": f"https://elsewhere.example{NEXT[model]}?{cursor}"}
    zendesk.fault(NEXT[model], status=200, body=body)
    asked = len(zendesk.requests())
    result = tap(**only(model), state=first.states[-1])
    assert result.code == 0, result.stderr
    assert result.ids(model) == [row["id"]]
    assert len(zendesk.requests()) == asked + 1


def test_side_conversations_are_exported_by_time(tap, zendesk):
    first = tap(**only("side_conversation_event", page_size=7))
    assert set(first.ids("side_conversation_event")) == keys(zendesk, "side_conversation_event")
    zendesk.advance()
    second = tap(**only("side_conversation_event"), state=first.states[-1])
    assert len(second.ids("side_conversation_event")) == 3


def test_a_list_that_turns_out_newest_first_moves_the_bookmark_once_its_span_is_whole(tap, zendesk):
    def page(*days, has_more):
        logs = [{"id": str(day), "timestamp": f"2025-06-{day:02}T00:00:00Z"} for day in days]
        return {"access_logs": logs, "meta": {"has_more": has_more, "after_cursor": "x"}}

    settings, path = only("access_log", start_date=RECENT), "/api/v2/access_logs"
    zendesk.fault(path, status=200, body=page(9, 7, has_more=True))
    zendesk.fault(path, status=400)
    ended = tap(**settings)
    assert ended.code == 1
    assert not ended.states[-1]["bookmarks"].get("access_log")
    zendesk.fault(path, status=200, body=page(9, 7, has_more=True))
    zendesk.fault(path, status=200, body=page(5, 3, has_more=False))
    whole = tap(**settings, state=ended.states[-1])
    assert whole.ids("access_log") == ["9", "7", "5", "3"]
    assert whole.states[-1]["bookmarks"]["access_log"]["start_time"] == 1749427200


def test_a_time_without_an_offset_is_utc_wherever_the_tap_runs(tap, zendesk):
    logs = [{"id": "1", "timestamp": "2025-06-09T00:00:00"}]
    zendesk.fault("/api/v2/access_logs", status=200, body={"access_logs": logs, "meta": {"has_more": False}})
    result = tap(**only("access_log", start_date=RECENT), env={"TZ": "America/New_York"})
    assert result.code == 0, result.stderr
    assert result.states[-1]["bookmarks"]["access_log"]["start_time"] == 1749427200
