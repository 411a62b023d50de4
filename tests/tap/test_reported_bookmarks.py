"""Reports about bookmarks: where the next run begins, also after a run that was killed."""

import json

import pytest

from tests.tap.reported import ONLY_TICKETS, TICKET_EVENTS, TICKETS, only, starts

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
