"""Comments that are redacted after they were exported."""

import json

import pytest
import requests

OF_EVENTS = ["ticket_event", "ticket_comment", "ticket_field_history"]
SECRET = "4111 1111 1111 1111"
LIST = "/comments"
AUDITS = "/api/v2/ticket_audits"


@pytest.fixture
def remove(zendesk):
    def post(kind, **what):
        answer = requests.post(f"{zendesk.url}/_sandbox/removals", json={"kind": kind, **what}, timeout=30)
        answer.raise_for_status()

    return post


@pytest.fixture(autouse=True)
def quiet(zendesk):
    """Nothing was redacted in the last hour: what a test before this one has removed is long exported."""
    zendesk.advance(3)


@pytest.fixture
def exported(export):
    """Of ticket events and what is derived from them."""

    def run(state=None, models=OF_EVENTS, **settings):
        return export(state, incremental_models=models, **settings)

    return run


@pytest.fixture
def commented(zendesk):
    """Puts the secret into new tickets; returns the ids of each and of its first comment."""

    def put(count=1, **properties):
        content = {
            "created_at": "2025-12-20T00:00:00Z",
            "via": {"channel": "web"},
            "support_type": "agent",
            **properties,
        }
        after = max(zendesk.ids("ticket"))
        parts = [{"id": after + n, "description": f"Card {SECRET}?", **content} for n in range(1, count + 1)]
        zendesk.put("ticket", *parts)
        return [
            (one["ticket_id"], one["id"])
            for one in zendesk.objects("ticket_comment")
            if one["ticket_id"] > after and SECRET in one["body"]
        ]

    return put


def last(result, model, key):
    return [one for one in result.records(model) if one["id"] == key][-1]


def pending(state):
    return state["bookmarks"]["EXPORT_METADATA"].get("redactions", {}).get("tickets", {})


def asked(zendesk, part):
    return [one["path"] for one in zendesk.requests() if part in one["path"]]


@pytest.mark.parametrize(
    "settings",
    [{}, {"flattening_enabled": True, "flattening_max_depth": 0}],
    ids=["bytes", "dicts"],
)
def test_a_redacted_comment_is_exported_again_in_every_model_that_has_it(
    settings, exported, commented, remove, zendesk
):
    [(ticket, comment)] = commented()
    first = exported(**settings)
    assert SECRET in json.dumps(first.records("ticket_event"))
    remove("redact_comment", ticket_id=ticket, comment_id=comment, text=SECRET)
    second = exported(first.states[-1], **settings)
    now = last(second, "ticket_comment", comment)
    assert now["body"] == f"Card {'▇' * len(SECRET)}?"
    before = last(first, "ticket_comment", comment)
    later = {name for name in before if before[name] != now[name]}
    assert later == {"_export_id", "_exported_at", "body", "html_body", "plain_body"} & before.keys()
    assert now["_exported_at"] > before["_exported_at"]
    event = last(second, "ticket_event", before["ticket_event_id"])
    was = last(first, "ticket_event", before["ticket_event_id"])
    assert event["child_events"][1:] == was["child_events"][1:]
    assert SECRET not in json.dumps(second.records("ticket_event"), ensure_ascii=False)
    assert pending(second.states[-1]) == {}
    assert len(asked(zendesk, LIST)) == 1
    exported(second.states[-1], **settings)
    assert len(asked(zendesk, LIST)) == 1


def test_redactions_of_one_ticket_need_one_list_of_its_comments(exported, commented, remove, zendesk):
    [(ticket, comment)] = commented()
    [attached, *_] = [one for one in zendesk.objects("ticket_comment") if one["attachments"]]
    models = [*OF_EVENTS, "ticket_attachment"]
    first = exported(models=models)
    remove("redact_comment", ticket_id=ticket, comment_id=comment, text="4111")
    remove("redact_comment", ticket_id=ticket, comment_id=comment, text=" 1111")
    attachment = attached["attachments"][0]
    other = {"ticket_id": attached["ticket_id"], "comment_id": attached["id"]}
    remove("redact_attachment", **other, attachment_id=attachment["id"])
    second = exported(first.states[-1], models=models)
    assert "1111" not in last(second, "ticket_comment", comment)["body"]
    assert last(second, "ticket_comment", attached["id"])["attachments"][0]["file_name"] == "redacted.txt"
    assert attachment["content_url"] not in second.stdout
    [was] = [one for one in first.records("ticket_attachment") if one["id"] == attachment["id"]]
    assert (was["file_name"], was["comment_id"], was["is_redacted"]) == ("receipt.pdf", attached["id"], False)
    rows = [one for one in second.records("ticket_attachment") if one["id"] == attachment["id"]]
    shown = max(rows, key=lambda row: (row["updated_at"], row["_exported_at"]))
    assert (shown["comment_id"], shown["is_redacted"], "file_name" in shown) == (attached["id"], True, False)
    assert shown["updated_at"] > was["updated_at"]
    assert sorted(asked(zendesk, LIST)) == sorted(
        f"/api/v2/tickets/{one}/comments" for one in (ticket, attached["ticket_id"])
    )
    assert "read 2 tickets with redacted or private comments again" in second.stderr
    assert "4 requests; 0 left for the next run" in second.stderr


@pytest.mark.parametrize("shows", [True, False], ids=["an event", "an audit"])
def test_a_comment_that_was_made_private_is_exported_again(shows, exported, commented, remove, zendesk):
    [(ticket, comment)] = commented(is_public=True)
    models = [*OF_EVENTS, "ticket_attachment"]
    first = exported(models=models)
    assert asked(zendesk, AUDITS) == []  # nothing can have been made private since its comments were read
    zendesk.advance(1)
    remove("make_private", ticket_id=ticket, comment_id=comment, shows=shows)
    zendesk.advance(1)
    second = exported(first.states[-1], models=models)
    again = [one["public"] for one in second.records("ticket_comment") if one["id"] == comment]
    assert again == [False]
    event = last(first, "ticket_comment", comment)["ticket_event_id"]
    assert last(second, "ticket_event", event)["child_events"][0]["public"] is False
    assert "1 comment made private since the last run, found with 1 request" in second.stderr
    zendesk.advance(1)
    third = exported(second.states[-1], models=models)
    assert comment not in third.ids("ticket_comment")
    assert len(asked(zendesk, LIST)) == 1


def test_audits_are_read_back_to_the_last_run(exported, commented, remove, zendesk):
    """However many pages that takes."""
    comments = dict(commented(250, is_public=True))
    first = exported()
    zendesk.advance(1)
    oldest = min(comments)
    remove("make_private", ticket_id=oldest, comment_id=comments[oldest])
    for ticket in [*comments][1:]:  # newer audits, and of deleted tickets none
        zendesk.put("ticket", {"id": ticket, "status": "pending"})
    zendesk.advance(1)
    second = exported(first.states[-1])
    assert last(second, "ticket_comment", comments[oldest])["public"] is False
    assert len(asked(zendesk, AUDITS)) == 3
    zendesk.advance(1)
    exported(second.states[-1])
    assert len(asked(zendesk, AUDITS)) == 4


def test_audits_that_may_not_be_read_stop_nothing_and_are_read_later(exported, commented, remove, zendesk):
    [(ticket, comment)] = commented(is_public=True)
    first = exported()
    zendesk.advance(1)
    remove("make_private", ticket_id=ticket, comment_id=comment)
    zendesk.advance(1)
    zendesk.fault(AUDITS, status=403, body={"error": "Forbidden"})
    second = exported(first.states[-1])
    assert second.code == 0
    assert "cannot look for comments that were made private: HTTP 403 Forbidden" in second.stderr
    zendesk.advance(1)
    third = exported(second.states[-1])
    assert last(third, "ticket_comment", comment)["public"] is False


def test_no_audit_is_read_where_no_model_says_what_is_public_or_a_setting_forbids_it(exported, zendesk):
    state = exported().states[-1]
    zendesk.advance(1)
    exported(state, models=["ticket_field_history", "ticket"])
    exported(state, find_private_comments=False)
    assert asked(zendesk, AUDITS) == []


def test_a_ticket_that_was_deleted_since_is_skipped(exported, commented, remove, zendesk):
    [(ticket, comment)] = commented()
    first = exported()
    remove("redact_comment", ticket_id=ticket, comment_id=comment, text=SECRET)
    remove("delete_ticket", ticket_id=ticket)
    second = exported(first.states[-1])
    assert second.code == 0, second.stderr
    assert asked(zendesk, LIST) == [f"/api/v2/tickets/{ticket}/comments"]
    assert pending(second.states[-1]) == {}


def test_a_ticket_whose_comments_cannot_be_read_stops_no_other_one(exported, commented, remove, zendesk):
    odd, other = commented(2)
    first = exported()
    for ticket, comment in (odd, other):
        remove("redact_comment", ticket_id=ticket, comment_id=comment, text=SECRET)
    zendesk.fault(f"/api/v2/tickets/{odd[0]}/comments", kind="status", status=422, times=1)
    second = exported(first.states[-1])
    assert second.code == 0, second.stderr
    assert f"comments of ticket {odd[0]}: " in second.stderr
    assert pending(second.states[-1]) == {str(odd[0]): [odd[1]]}
    third = exported(second.states[-1])
    assert "▇" in last(third, "ticket_comment", odd[1])["body"]


def test_a_first_export_reads_no_comment_again(exported, commented, remove, zendesk):
    [(ticket, comment)] = commented()
    zendesk.advance(3)
    remove("redact_comment", ticket_id=ticket, comment_id=comment, text=SECRET)
    zendesk.advance(3)
    result = exported()
    assert "▇" in last(result, "ticket_comment", comment)["body"]
    assert asked(zendesk, LIST) == []
    zendesk.advance(3)
    later = exported(result.states[-1], models=["ticket_event"])
    assert asked(zendesk, LIST) == []
    assert later.code == 0


def test_a_run_that_ends_between_loses_no_redaction(exported, commented, remove):
    [(ticket, comment)] = commented()
    first = exported()
    remove("redact_comment", ticket_id=ticket, comment_id=comment, text=SECRET)
    second = exported(first.states[-1])
    killed = next(state for state in second.states if pending(state))
    assert killed["bookmarks"]["ticket_event"] == second.states[-1]["bookmarks"]["ticket_event"]
    third = exported(killed)
    assert "▇" in last(third, "ticket_comment", comment)["body"]
    assert pending(third.states[-1]) == {}


def test_more_redactions_than_a_run_reads_are_left_for_the_next_one(exported, commented, remove, zendesk):
    comments = dict(commented(63))
    first = exported()
    for ticket, comment in comments.items():
        remove("redact_comment", ticket_id=ticket, comment_id=comment, text=SECRET)
    second = exported(first.states[-1])
    assert len(pending(second.states[-1])) == 3
    assert "3 left for the next run" in second.stderr
    third = exported(second.states[-1])
    assert pending(third.states[-1]) == {}
    shown = [*second.records("ticket_comment"), *third.records("ticket_comment")]
    assert {one["id"] for one in shown if "▇" in one["body"]} >= set(comments.values())
    assert len(asked(zendesk, LIST)) == len(comments)
