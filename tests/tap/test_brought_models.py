"""A model that comes with others by itself: comment_redaction with ticket events and comments."""

import pytest
import requests
from tap_zendesk_cityblock.columns import load_schema

EVENTS = "/api/v2/incremental/ticket_events"
REDACTION = "comment_redaction"


@pytest.fixture
def redact(zendesk):
    """Redacts the first word of some comment, an hour later."""

    def post():
        zendesk.advance(1)
        comment = max(
            (one for one in zendesk.objects("ticket_comment") if one["body"] != "X"),
            key=lambda one: one["id"],
        )
        what = {"ticket_id": comment["ticket_id"], "comment_id": comment["id"]}
        body = {"kind": "redact_comment", **what, "text": comment["body"].split()[0]}
        requests.post(f"{zendesk.url}/_sandbox/removals", json=body, timeout=30).raise_for_status()
        zendesk.advance(1)
        return what

    return post


def asked(zendesk):
    return [request["query"]["start_time"] for request in zendesk.requests() if request["path"] == EVENTS]


def test_redactions_come_with_comments_from_the_first_page_on(export, zendesk, redact):
    before = redact()
    first = export(incremental_models=["ticket_comment"])
    assert [one["comment_id"] for one in first.records(REDACTION)][-1:] == [before["comment_id"]]
    bookmarks = first.states[-1]["bookmarks"]
    assert bookmarks[REDACTION] == bookmarks["ticket_comment"]
    after = redact()
    second = export(first.states[-1], incremental_models=["ticket_comment"])
    assert {**second.records(REDACTION)[-1], **after} == second.records(REDACTION)[-1]


def test_after_an_update_redactions_begin_where_the_events_are(export, zendesk, redact):
    redact()
    state = export(incremental_models=["ticket_event", "ticket_field_history"]).states[-1]
    del state["bookmarks"][REDACTION]
    after = redact()
    requests.delete(f"{zendesk.url}/_sandbox/requests", timeout=30)
    result = export(state, incremental_models=["ticket_event"])
    stood = str(state["bookmarks"]["ticket_event"]["start_time"])
    assert min(asked(zendesk)) == stood
    [found] = result.records(REDACTION)
    assert found["comment_id"] == after["comment_id"]
    [row] = [row for row in result.records("EXPORT_METADATA") if row["table_name"] == REDACTION]
    assert (row["export_count"], row["export_status"]) == (1, "complete")


def test_a_rewind_reads_earlier_redactions(export, redact):
    before = redact()
    models = ["ticket_event"]
    state = export(incremental_models=models).states[-1]
    state["bookmarks"][REDACTION] = {"start_time": 1_500_000_000}
    result = export(state, incremental_models=models)
    assert before["comment_id"] in [one["comment_id"] for one in result.records(REDACTION)]
    assert result.records("ticket_event") == []


@pytest.mark.parametrize("has_entry", [True, False], ids=["deselected", "unknown"])
def test_a_catalog_that_selects_comments_selects_redactions(has_entry, tap, redact):
    """One of a release before has no entry, and Meltano's rules deselect what they do not name, with all properties."""
    redact()
    streams = [catalogued("ticket_comment", selected=True)]
    if has_entry:
        streams.append(catalogued(REDACTION, selected=False))
    result = tap(bulk_models=[], incremental_models=["ticket_comment"], catalog={"streams": streams})
    assert result.code == 0, result.stderr
    assert result.records(REDACTION)[-1].keys() >= {"id", "comment_id", "ticket_id", "event_type"}


def test_a_catalog_without_comments_has_no_redactions(tap, zendesk):
    streams = [catalogued(name, selected=name == "group") for name in ("group", "ticket_comment", REDACTION)]
    result = tap(bulk_models=["group"], incremental_models=["ticket_comment"], catalog={"streams": streams})
    assert result.code == 0, result.stderr
    assert {message.get("stream") for message in result.messages} == {"group", "EXPORT_METADATA", None}
    assert asked(zendesk) == []


def catalogued(name, *, selected):
    schema = load_schema(name)
    crumbs = [[], *(["properties", column] for column in schema["properties"])]
    metadata = [{"breadcrumb": crumb, "metadata": {"selected": selected}} for crumb in crumbs]
    return {"tap_stream_id": name, "schema": schema, "metadata": metadata}
