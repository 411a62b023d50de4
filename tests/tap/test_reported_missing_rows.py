"""Reports about rows: tickets, comments, users and properties that other taps miss or refuse."""

import jsonschema
import pytest
from tap_zendesk_cityblock.columns import load_schema

from tests.tap.reported import ONLY_TICKETS, TICKET_EVENTS, TICKETS, only

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


# --- 13: comments take hours, do not name their ticket, or are not there -----------------------------------------------
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
