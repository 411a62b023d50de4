"""What is removed in Zendesk, no view shows after the next export."""

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
import requests

from sandbox.comparison import compare
from sandbox.zendesk.tickets import CUSTOM_FIELDS, FIRST_FIELD

TAP = Path(sys.executable).with_name("tap-zendesk-cityblock")
OF_EVENTS = ("ticket_event", "ticket_comment", "ticket_field_history")
MODELS = ("ticket", "user", *OF_EVENTS, "comment_redaction", "chat", "side_conversation_event")
VIEWS = [f"{model}_latest" for model in (*MODELS, "ticket_custom_field")]
NOTE = FIRST_FIELD + [title for title, _, _ in CUSTOM_FIELDS].index("Short note")
REMOVED = {
    "canary-redacted in a comment": {"ticket_comment_latest", "ticket_event_latest", "ticket_latest"},
    "canary-late in a comment": {"ticket_comment_latest", "ticket_event_latest", "ticket_latest"},
    "canary-scrubbed in the subject": {"ticket_event_latest", "ticket_field_history_latest", "ticket_latest"},
    "canary-scrubbed in a comment": {"ticket_comment_latest", "ticket_event_latest", "ticket_latest"},
    "canary-scrubbed in a field": {
        "ticket_custom_field_latest",
        "ticket_event_latest",
        "ticket_field_history_latest",
        "ticket_latest",
    },
    "canary-user": {"user_latest"},
    "canary-chat": {"chat_latest"},
    "canary-talk": {"side_conversation_event_latest"},
}
"""Canary → the views that show it before."""


class Account:
    def __init__(self, url):
        self.url = url

    def objects(self, model):
        lines = requests.get(f"{self.url}/_sandbox/objects/{model}", timeout=60).content.splitlines()
        return [json.loads(line) for line in lines]

    def put(self, model, properties):
        put = requests.put(f"{self.url}/_sandbox/objects/{model}", json=[properties], timeout=60)
        return put.json()["ids"][0]

    def ticket(self, canary):
        """The id of a new ticket with the canary in its subject, its first comment and a custom field."""
        content = {"created_at": "2025-12-20T00:00:00Z", "support_type": "agent", "via": {"channel": "web"}}
        content |= {"subject": f"{canary} in the subject", "description": f"{canary} in a comment"}
        content["custom_fields"] = [{"id": NOTE, "value": f"{canary} in a field"}]
        content["id"] = max(one["id"] for one in self.objects("ticket")) + 1
        return self.put("ticket", content)

    def post(self, verb, **what):
        requests.post(f"{self.url}/_sandbox/{verb}", json=what, timeout=60).raise_for_status()


@pytest.fixture
def export(zendesk_url, views, tmp_path):
    """Exports into the views' dataset and builds the views; returns the state for the next time."""

    def run(state=None):
        config, given = tmp_path / "tap.json", tmp_path / "state.json"
        settings = {"bulk_models": ["ticket_field"], "incremental_models": MODELS, "base_url": zendesk_url}
        login = {"client_id": "sandbox", "client_secret": "sandbox-secret", "environment": "local"}
        config.write_text(json.dumps({"subdomain": "cityblock-local", **login, **settings}))
        given.write_text(json.dumps(state or {}))
        command = [TAP, "--config", config, "--state", given]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        assert "canary" not in done.stderr
        messages = [json.loads(line) for line in done.stdout.splitlines()]
        views.send(messages)
        views.build(*VIEWS)
        return [one["value"] for one in messages if one["type"] == "STATE"][-1]

    return run


@pytest.fixture
def shown(views):
    def find(canaries):
        """Canary → names of the views that show it anywhere in a row."""
        found = defaultdict(set)
        for view in VIEWS:
            rows = views.client.query_and_wait(
                f"SELECT line FROM (SELECT TO_JSON_STRING(t) AS line FROM {views.dataset}.{view} AS t) "
                "WHERE line LIKE '%canary%'"
            )
            for row in rows:
                for canary in canaries:
                    if canary in row.line:
                        found[canary].add(view)
        return found

    return find


def test_no_view_shows_what_was_removed_in_zendesk(export, shown, views, zendesk_url):
    zendesk = Account(zendesk_url)
    redacted, late, scrubbed, deleted = (
        zendesk.ticket(f"canary-{what}") for what in ("redacted", "late", "scrubbed", "deleted")
    )
    emptied = zendesk.ticket("canary-emptied")
    user = next(one for one in zendesk.objects("user") if one["active"] and one["role"] == "end-user")
    zendesk.put("user", user | dict.fromkeys(("name", "email", "phone", "notes", "details"), "canary-user"))
    chat = zendesk.objects("chat")[0] | {"message": "canary-chat", "zendesk_ticket_id": emptied}
    zendesk.put("chat", chat)
    talk = zendesk.objects("side_conversation_event")[0]
    zendesk.put("side_conversation_event", talk | {"message": {"body": "canary-talk"}, "ticket_id": scrubbed})
    state = export()
    assert shown(REMOVED) == REMOVED

    zendesk.post("advance", hours=1)
    for ticket, text in ((redacted, "canary-redacted"), (late, "canary-late")):
        comment = next(one for one in zendesk.objects("ticket_comment") if text in one["body"])
        of_comment = {"ticket_id": ticket, "comment_id": comment["id"]}
        zendesk.post("removals", kind="redact_comment", **of_comment, text=text)
    zendesk.post("removals", kind="delete_ticket", ticket_id=late)  # its comments cannot be read again
    zendesk.post("removals", kind="delete_ticket", ticket_id=deleted)
    zendesk.post("removals", kind="delete_ticket", ticket_id=scrubbed)
    zendesk.post("removals", kind="scrub_ticket", ticket_id=scrubbed)
    zendesk.post("removals", kind="delete_user_permanently", user_id=user["id"])
    zendesk.post("removals", kind="redact_chat", chat_id=chat["id"], text="canary-chat")
    zendesk.put("ticket", {"id": emptied, "custom_fields": [{"id": NOTE, "value": None}]})
    export(state)
    assert shown(REMOVED) == {}
    kept = "canary-emptied in a field"  # as in Zendesk's own audits
    assert shown([kept]) == {kept: {"ticket_event_latest", "ticket_field_history_latest"}}
    hidden = [row for row in views.rows("ticket_comment_latest") if row["is_redacted"]]
    assert {row["ticket_id"]: row["body"] and "▇" in row["body"] for row in hidden} == {
        redacted: True,
        late: None,
    }
    for model in OF_EVENTS:
        rows = views.rows(f"{model}_latest")
        states = {row["ticket_id"]: row["is_deleted"] for row in rows}
        assert [states[ticket] for ticket in (scrubbed, deleted, redacted)] == [True, True, False], model
        compared = compare(zendesk_url, views.client, views.dataset, model)
        expected = (
            {row["id"] for row in rows if row["ticket_id"] == late and row["is_redacted"]}
            if model != OF_EVENTS[2]
            else set()
        )
        assert compared.different == expected, compared
        assert not compared.missing | compared.surplus, compared
