"""Texts in a Zendesk account, one for each kind of removal, and the removals."""

import json

import requests

from sandbox.zendesk.tickets import CUSTOM_FIELDS, FIRST_FIELD

COMMENT, FILE, LATE, EARLY, SCRUBBED, ERASED = (
    f"canary-{what}" for what in ("comment", "file", "late", "early", "scrubbed", "erased")
)
USER, CHAT, TALK, ORGANIZATION = (f"canary-{what}" for what in ("user", "chat", "talk", "organization"))
PRIVATE = "made-private"
NOTE = FIRST_FIELD + [title for title, _, _ in CUSTOM_FIELDS].index("Short note")
OF_COMMENT = {"ticket_comment_latest", "ticket_event_latest", "ticket_latest"}
OF_SUBJECT = {"ticket_event_latest", "ticket_field_history_latest", "ticket_latest"}
SHOWN = {
    COMMENT: OF_COMMENT,
    FILE: {"ticket_attachment_latest", "ticket_comment_latest", "ticket_event_latest"},
    LATE: OF_COMMENT,
    EARLY: OF_COMMENT,
    SCRUBBED: OF_COMMENT | OF_SUBJECT | {"ticket_custom_field_latest"},
    ERASED: OF_COMMENT | OF_SUBJECT | {"ticket_custom_field_latest"},
    USER: {"user_latest", "user_identity_latest"},
    CHAT: {"chat_latest"},
    TALK: {"side_conversation_latest", "side_conversation_event_latest"},
    ORGANIZATION: {"organization_latest"},
}
"""Canary → the views that show it before its removal."""
OLD = {"created_at": "2025-12-20T00:00:00Z", "updated_at": "2025-12-20T00:00:00Z"}


class Account:
    """The sandbox's Zendesk."""

    def __init__(self, url):
        self.url = url
        self.ids = {}
        """Of the ticket, user or organization with each canary."""

    def objects(self, model):
        lines = requests.get(f"{self.url}/_sandbox/objects/{model}", timeout=60).content.splitlines()
        return [json.loads(line) for line in lines]

    def put(self, model, properties):
        put = requests.put(f"{self.url}/_sandbox/objects/{model}", json=[properties], timeout=60)
        put.raise_for_status()
        return put.json()["ids"][0]

    def post(self, verb, **what):
        requests.post(f"{self.url}/_sandbox/{verb}", json=what, timeout=60).raise_for_status()

    def fill(self):
        for canary in (COMMENT, LATE, EARLY, PRIVATE):
            self.ids[canary] = self._ticket(f"About a card and {canary}")
        for canary in (SCRUBBED, ERASED):
            fields = [{"id": NOTE, "value": f"{canary} in a field"}]
            about = {"subject": f"{canary} in the subject", "custom_fields": fields}
            self.ids[canary] = self._ticket(f"{canary} in a comment", **about)
        self._attach(self.ids[COMMENT])
        member = next(one for one in self.objects("user") if one["active"] and one["role"] == "end-user")
        named = dict.fromkeys(("name", "phone", "notes", "details", "external_id"), USER)
        custom = {"user_fields": {**member["user_fields"], "preferred_name": USER}}
        email = {"email": f"{USER}@mail.example", "shared_phone_number": False}
        self.ids[USER] = self.put("user", {"id": member["id"], **named, **custom, **email, **OLD})
        [clinic, *_] = [one for one in self.objects("organization") if "deleted_at" not in one]
        custom = {**clinic["organization_fields"], "region": ORGANIZATION}
        self.ids[ORGANIZATION] = self.put(
            "organization", {"id": clinic["id"], "organization_fields": custom, **OLD}
        )
        chat = self.objects("chat")[0]
        self.ids[CHAT] = self.put(
            "chat",
            {**chat, "message": CHAT, "zendesk_ticket_id": self.ids[PRIVATE], "timestamp": OLD["created_at"]},
        )
        talk = self.objects("side_conversation")[0]
        self.ids[TALK] = talk["ticket_id"]
        self.put("side_conversation", {**talk, "subject": TALK, "preview_text": TALK})
        of_talk = {"ticket_id": talk["ticket_id"], "side_conversation_id": talk["id"]}
        event = self.objects("side_conversation_event")[0]
        self.put("side_conversation_event", {**event, **of_talk, "message": {"body": TALK}})

    def _ticket(self, description, **properties):
        content = {"subject": "A card", "description": description, "custom_fields": [], "is_public": True}
        content |= {"via": {"channel": "web"}, "support_type": "agent", **OLD, **properties}
        return self.put("ticket", {"id": max(one["id"] for one in self.objects("ticket")) + 1, **content})

    def _attach(self, ticket):
        event = next(one for one in self.objects("ticket_event") if one["ticket_id"] == ticket)
        file = {"id": 77, "file_name": f"{FILE}.pdf", "content_url": f"https://files.example/{FILE}"}
        event["child_events"][0]["attachments"] = [file]
        self.put("ticket_event", event)

    def remove(self):
        """What an export an hour later shows."""
        comments = {one["ticket_id"]: one["id"] for one in reversed(self.objects("ticket_comment"))}

        def of(canary, **what):
            ticket = self.ids[canary]
            return {"ticket_id": ticket, "comment_id": comments[ticket], **what}

        self.post("removals", kind="redact_comment", **of(COMMENT, text=COMMENT))
        self.post("removals", kind="redact_attachment", **of(COMMENT, attachment_id=77))
        self.post("removals", kind="redact_comment", **of(LATE, text=LATE))
        self.post("removals", kind="delete_ticket", ticket_id=self.ids[LATE])
        self.post("removals", kind="delete_ticket", ticket_id=self.ids[EARLY])
        self.post("removals", kind="redact_comment", **of(EARLY, text=EARLY))
        self.post("removals", kind="make_private", **of(PRIVATE))
        for canary in (SCRUBBED, ERASED, TALK):
            self.post("removals", kind="scrub_ticket", ticket_id=self.ids[canary])
        self.post("removals", kind="delete_user_permanently", user_id=self.ids[USER])
        self.post("removals", kind="redact_chat", chat_id=self.ids[CHAT], text=CHAT)
        clinic = next(one for one in self.objects("organization") if one["id"] == self.ids[ORGANIZATION])
        emptied = {**clinic["organization_fields"], "region": None}
        self.put("organization", {"id": clinic["id"], "organization_fields": emptied})
        self.post("advance", hours=1)
