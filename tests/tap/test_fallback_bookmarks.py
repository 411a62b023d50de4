"""Bookmarks of the fallback: where the next run begins, and what happens to cursors that Zendesk refuses."""

import base64
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from tap_zendesk_cityblock.readers.list_cursors import cursor_at

from sandbox.zendesk import keyset
from tests.tap.fallback_account import EVERYTHING, MODELS, OLD, TICKETS, epoch, in_fallback, iso, served

BY_EXPORTS = {"bulk_models": [], "incremental_models": ["ticket"]}
REFUSED = {"error": "InvalidPaginationParameter", "description": "page[after] is not valid"}


@pytest.fixture
def zendesk(zendesk):
    return in_fallback(zendesk)


def test_the_next_run_brings_exactly_what_changed(tap, zendesk):
    first = tap(**EVERYTHING)
    before = {
        model: {t["id"]: t for t in zendesk.objects(model)}
        for model in (*MODELS, "deleted_ticket", "deleted_user")
    }
    zendesk.advance()
    second = tap(**EVERYTHING, state=first.states[-1])
    assert second.code == 0, second.stderr
    changed = {
        model: {
            t["id"]
            for t in zendesk.objects(model)
            if t.get("updated_at") != before[model].get(t["id"], {}).get("updated_at")
        }
        for model in MODELS
    }
    changed["organization"] -= {o["id"] for o in zendesk.objects("organization") if "deleted_at" in o}
    for model in MODELS:
        assert sorted(second.ids(model)) == sorted(changed[model])
    third = tap(**EVERYTHING, state=second.states[-1])
    assert [third.ids(model) for model in MODELS] == [[], [], []]
    assert not any("search" in asked["path"] for asked in zendesk.requests()[-8:])


def test_a_run_that_ended_at_any_page_goes_on_there(tap, zendesk):
    whole = tap(**TICKETS, page_size=40, start_date=OLD)
    seen, lines = set(), []
    for message in whole.messages:
        if message["type"] == "RECORD" and message["stream"] == "ticket":
            seen.add(message["record"]["id"])
        elif message["type"] == "STATE" and message["value"]["bookmarks"].get("ticket"):
            lines.append((message["value"], set(seen)))
    assert len(lines) >= 3
    for state, had in lines:
        rest = tap(**TICKETS, page_size=40, state=state)
        assert set(rest.ids("ticket")) == set(whole.ids("ticket")) - had


def test_archived_tickets_are_searched_once_and_an_ended_run_goes_on_at_its_span(tap, zendesk):
    whole = tap(**TICKETS)
    searches = [
        asked["query"]["query"] for asked in zendesk.requests() if asked["path"].endswith("search/export")
    ]
    spans = [
        state["bookmarks"]["ticket"]["sources"].get("archived")
        for state in whole.states
        if state["bookmarks"].get("ticket")
    ]
    middle = next(i for i, at in enumerate(spans) if at and at["start_time"] > epoch("2023-01-01T00:00:00Z"))
    state = [state for state in whole.states if state["bookmarks"].get("ticket")][middle]
    rest = tap(**TICKETS, state=state)
    resumed = [
        asked["query"]["query"] for asked in zendesk.requests() if asked["path"].endswith("search/export")
    ]
    resumed = resumed[len(searches) :]
    assert 0 < len(resumed) < len(searches)
    assert "2023-" in resumed[0]
    assert "archived" not in rest.states[-1]["bookmarks"]["ticket"]["sources"]
    assert whole.states[-1]["bookmarks"] == rest.states[-1]["bookmarks"]


def test_a_search_whose_cursor_has_expired_begins_its_span_again(tap, zendesk):
    zendesk.put(
        "ticket",
        *(
            {
                "id": 5000 + n,
                "status": "closed",
                "updated_at": "2024-03-01T08:00:00Z",
                "created_at": "2024-01-01T08:00:00Z",
                "_listed": False,
            }
            for n in range(150)
        ),
    )
    zendesk.fault("/api/v2/search/export", after=54, status=400, body=REFUSED)
    result = tap(**TICKETS)
    assert result.code == 0, result.stderr
    assert "the search's cursor has expired; continuing from" in result.stderr
    assert set(result.ids("ticket")) == served(zendesk, "ticket")


def test_a_search_that_always_expires_ends_the_run(tap, zendesk):
    zendesk.fault("/api/v2/search/export", times=100, status=400, body=REFUSED)
    result = tap(**TICKETS)
    assert result.code == 1
    assert "searches expired before they ended" in result.stderr
    assert "list" in result.states[-1]["bookmarks"]["ticket"]["sources"]


def test_a_page_cursor_that_zendesk_refuses_is_replaced_by_one_of_its_time(tap, zendesk):
    first = tap(**TICKETS)
    zendesk.advance()
    zendesk.fault("/api/v2/tickets", status=400, body=REFUSED)
    second = tap(**TICKETS, state=first.states[-1])
    assert second.code == 0, second.stderr
    assert "Zendesk refused the cursor of /api/v2/tickets; continuing from 20" in second.stderr
    asked = [a["query"].get("page[after]") for a in zendesk.requests() if a["path"] == "/api/v2/tickets"]
    assert keyset.decoded(asked[-2])[0] == keyset.decoded(asked[-1])[0]


def test_where_no_made_cursor_is_taken_the_whole_list_is_read_and_only_news_exported(tap, zendesk):
    first = tap(**TICKETS)
    zendesk.advance()
    expected = tap(**TICKETS, state=first.states[-1])
    zendesk.fault("/api/v2/tickets", times=2, status=400, body=REFUSED)
    second = tap(**TICKETS, state=first.states[-1])
    assert second.code == 0, second.stderr
    assert "continuing from its beginning" in second.stderr
    assert set(expected.ids("ticket")) <= set(second.ids("ticket"))
    assert len(second.ids("ticket")) <= len(expected.ids("ticket")) + 1  # the last second again
    assert second.states[-1]["bookmarks"] == expected.states[-1]["bookmarks"]


def test_what_changed_within_the_last_minute_waits_for_the_next_run(tap, zendesk):
    first = tap(**TICKETS)
    now = zendesk.now()
    zendesk.put("ticket", {"id": 9, "status": "open", "updated_at": iso(now - 30)})
    zendesk.put("ticket", {"id": 10, "status": "open", "updated_at": iso(now - 90)})
    second = tap(**TICKETS, state=first.states[-1])
    assert second.ids("ticket") == [10]
    zendesk.advance(hours=1)
    third = tap(**TICKETS, state=second.states[-1])
    assert 9 in third.ids("ticket")
    assert 10 not in third.ids("ticket")


def test_what_another_model_is_answered_meanwhile_does_not_make_it_later(tap, zendesk):
    """The page is of one minute, its body comes in the next, and between them a list's answer dates from that minute."""
    first = tap(**TICKETS)
    now = zendesk.now()
    zendesk.put("ticket", {"id": 11, "status": "open", "updated_at": iso(now - 30)})
    zendesk.fault("/api/v2/tickets", kind="slow", delay=3)
    zendesk.fault("/api/v2/brands", status=503, headers={"Retry-After": "1"})
    later = {"Date": format_datetime(datetime.fromtimestamp(now + 60, UTC), usegmt=True)}
    zendesk.fault("/api/v2/brands", status=200, headers=later, body={"brands": [], "meta": {}})
    second = tap(**TICKETS | {"bulk_models": ["brand"]}, state=first.states[-1])
    assert second.code == 0, second.stderr
    assert 11 not in second.ids("ticket")
    zendesk.advance(hours=1)
    assert 11 in tap(**TICKETS, state=second.states[-1]).ids("ticket")


def test_going_over_from_exports_nothing_is_missed(tap, zendesk):
    zendesk.exports(allowed=True)
    first = tap(**BY_EXPORTS)
    before = {t["id"]: t for t in zendesk.objects("ticket")}
    zendesk.advance()
    zendesk.exports(allowed=False)
    second = tap(**TICKETS, state=first.states[-1])
    assert second.code == 0, second.stderr
    changed = {
        t["id"]
        for t in zendesk.objects("ticket")
        if t["updated_at"] != before.get(t["id"], {}).get("updated_at")
    }
    assert changed <= set(second.ids("ticket"))
    assert len(second.ids("ticket")) < len(before) / 2


def test_going_back_to_exports_nothing_is_missed_even_if_the_run_had_not_ended(tap, zendesk):
    first = tap(**TICKETS)
    before = {t["id"]: t for t in zendesk.objects("ticket")}
    zendesk.advance()
    zendesk.exports(allowed=True)
    expected = {t["id"] for t in zendesk.objects("ticket")}
    rest = tap(**BY_EXPORTS, state=first.states[-1])
    changed = {t["id"] for t in zendesk.objects("ticket") if t != before.get(t["id"])}  # system updates, too
    assert changed <= set(rest.ids("ticket"))
    assert len(rest.ids("ticket")) < len(expected)
    halfway = next(
        s for s in first.states if "archived" in s["bookmarks"].get("ticket", {}).get("sources", {})
    )
    assert set(tap(**BY_EXPORTS, state=halfway).ids("ticket")) == expected


@pytest.mark.parametrize(
    "bookmark",
    [{"start_time": epoch(OLD)}, {"cursor": base64.b64encode(b"%d.0||7|" % (epoch(OLD) + 3600)).decode()}],
)
def test_an_operators_override_wins_over_the_sources(bookmark, tap, zendesk):
    state = tap(**TICKETS).states[-1]
    state["bookmarks"]["ticket"] |= bookmark
    result = tap(**TICKETS, state=state)
    assert result.code == 0, result.stderr
    expected = {t["id"] for t in zendesk.objects("ticket") if t["updated_at"] >= OLD} & served(
        zendesk, "ticket"
    )
    assert expected <= set(result.ids("ticket"))
    assert set(result.states[-1]["bookmarks"]["ticket"]) == {"sources", "reached", "subdomain"}


@pytest.mark.parametrize(
    ("bookmark", "sentence"),
    [
        ({"cursor": "opaque-cursor"}, "its cursor is not one of Zendesk's"),
        (
            {"cursor": "opaque-cursor", "reached": None},
            "its cursor has no time to continue from in fallback",
        ),
    ],
)
def test_a_state_that_makes_no_sense_is_refused(bookmark, sentence, tap, zendesk):
    result = tap(**TICKETS, state={"bookmarks": {"ticket": bookmark}})
    assert result.code == 1
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_a_cursor_of_exports_cannot_be_a_start(tap, zendesk):
    result = tap(**TICKETS, start_cursor="abc")
    assert result.code == 1
    assert "start_cursor" in result.stderr
    assert "set start_time" in result.stderr


def test_a_made_cursor_is_the_one_that_was_taken_live():
    made = cursor_at(1_778_249_334)
    assert made == "eyJvIjoidXBkYXRlZF9hdCxpZCIsInYiOiJaSGJ1L1drQUFBQUFhUUFBQUFBQUFBQUEifQ=="
