"""What agents, members and Zendesk do to a ticket or a user."""

from __future__ import annotations

from sandbox.zendesk.people import FIRST_ORGANIZATION, FIRST_USER
from sandbox.zendesk.tickets import SCRUBBED
from tests.properties.world import LISTED


class Account:
    """Each change is given a ticket, a user and a number, and does nothing where Zendesk would refuse it."""

    def __init__(self, world):
        self._world = world
        self._texts = 0

    def change(self, kind, which, other):
        tickets, users = self._world.objects("ticket"), self._world.objects("user")
        change = getattr(self, kind.replace(" ", "_"))
        change(tickets[which % len(tickets)], users[other % len(users)], which)

    def put(self, model, number, **part):
        self._world.zendesk("PUT", f"objects/{model}", [{"id": number, **part}])

    def remove(self, kind, **what):
        self._world.zendesk("POST", "removals", {"kind": kind, **what})

    def text(self):
        self._texts += 1
        return f"Text {self._texts} of this example"

    def create(self, ticket, user, which):
        number = max(one["id"] for one in self._world.objects("ticket")) + 1
        people = {"requester_id": user["id"], "submitter_id": user["id"], "collaborator_ids": []}
        self.put("ticket", number, description=self.text(), assignee_id=None, follower_ids=[], **people)

    def update(self, ticket, user, which):
        if ticket["status"] not in ("deleted", "closed"):
            self.put("ticket", ticket["id"], subject=self.text(), status=("open", "solved")[which % 2])

    def system(self, ticket, user, which):
        """It leaves `updated_at` as it is."""
        if ticket["subject"] != SCRUBBED:
            organization = (None, FIRST_ORGANIZATION)[which % 2]
            self.put("ticket", ticket["id"], organization_id=organization, updated_at=ticket["updated_at"])

    def assign(self, ticket, user, which):
        if ticket["status"] not in ("deleted", "closed"):
            role = ("requester_id", "assignee_id", "submitter_id")[which % 3]
            self.put("ticket", ticket["id"], **{role: user["id"]})

    def merge(self, ticket, user, which):
        if ticket["status"] not in ("deleted", "closed"):
            self.put("ticket", ticket["id"], status="closed", tags=[*ticket["tags"], "closed_by_merge"])

    def delete(self, ticket, user, which):
        if ticket["status"] != "deleted":
            self.remove("delete_ticket", ticket_id=ticket["id"])

    def restore(self, ticket, user, which):
        if ticket["status"] == "deleted" and ticket["subject"] != SCRUBBED:
            self.put("ticket", ticket["id"], status="open")

    def redact(self, ticket, user, which):
        if ticket["status"] == "deleted":
            return
        comments = [
            child
            for event in self._world.objects("ticket_event")
            if event["ticket_id"] == ticket["id"]
            for child in event["child_events"]
            if child["event_type"] == "Comment"
        ]
        if comments:
            [word, *_] = ticket["description"].split()
            self.remove("redact_comment", ticket_id=ticket["id"], comment_id=comments[0]["id"], text=word)

    def has_content(self, kind, one):
        """That Zendesk can remove for good."""
        if kind == "ticket":
            return one["subject"] != SCRUBBED
        return not (one.get("permanently_deleted") or self.stays(one))

    def scrub(self, ticket, user, which):
        if self.has_content("ticket", ticket):
            self.remove("scrub_ticket", ticket_id=ticket["id"])

    def create_user(self, ticket, user, which):
        number = max(one["id"] for one in self._world.objects("user")) + 1
        self.put("user", number, external_id=f"M{number - FIRST_USER}", email=None, name=self.text())

    def update_user(self, ticket, user, which):
        if not user.get("permanently_deleted"):
            self.put("user", user["id"], notes=self.text())

    def stays(self, user):
        """One agent does: the publisher refuses to run where the directory is empty."""
        return user["id"] == min(
            one["id"] for one in self._world.objects("user") if one["email"] and not one["external_id"]
        )

    def delete_user(self, ticket, user, which):
        if user["active"] and not self.stays(user):
            self.put("user", user["id"], active=False, email=None)

    def restore_user(self, ticket, user, which):
        if not user["active"] and not user.get("permanently_deleted"):
            self.put("user", user["id"], active=True)

    def merge_users(self, ticket, user, which):
        """The tickets of the one go to the other, who takes its place."""
        users = [one for one in self._world.objects("user") if one["active"]]
        into = users[which % len(users)]["id"] if users else user["id"]
        if user["active"] and into != user["id"] and not self.stays(user):
            for one in self._world.objects("ticket"):
                if one["requester_id"] == user["id"] and one["status"] != "deleted":
                    self.put("ticket", one["id"], requester_id=into)
            self.put("user", user["id"], active=False, email=None, external_id=None)

    def delete_user_for_good(self, ticket, user, which):
        if self.has_content("user", user):
            self.remove("delete_user_permanently", user_id=user["id"])

    def change_group(self, ticket, user, which):
        groups = self._world.objects(LISTED)
        one = groups[which % len(groups)]["id"]
        if which % 3 == 0 and len(groups) > 1:
            self.put(LISTED, one, _listed=False)
        else:
            self.put(
                LISTED, one if which % 3 == 1 else max(group["id"] for group in groups) + 1, name=self.text()
            )
