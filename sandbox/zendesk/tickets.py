"""Tickets as their export has them, with their metrics and skips."""

from __future__ import annotations

import dataclasses
from random import Random
from typing import TYPE_CHECKING

from sandbox.zendesk import words
from sandbox.zendesk.clock import ARCHIVED_AFTER, BEGINNING, DAY, START, iso
from sandbox.zendesk.people import FIRST_ORGANIZATION, FIRST_USER, HOST, is_agent

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.zendesk.store import Json

FIRST_GROUP = FIRST_ORGANIZATION + 100_001
FIRST_FIELD = FIRST_ORGANIZATION + 200_001
FIRST_STATUS = FIRST_ORGANIZATION + 300_001
FIRST_FORM = FIRST_ORGANIZATION + 400_001
FIRST_BRAND = FIRST_ORGANIZATION + 500_001
FIRST_METRIC = FIRST_ORGANIZATION + 10_000_000

SCRUBBED = "SCRUBBED"
"""Subject of a ticket whose content Zendesk has removed."""

CUSTOM_FIELDS: tuple[tuple[str, str, Callable[[Random], object]], ...] = (
    ("Care area", "tagger", lambda rng: rng.choice(("care_home", "care_clinic", "care_remote"))),
    (
        "Programs",
        "multiselect",
        lambda rng: rng.sample(("prog_bh", "prog_sdoh", "prog_rx"), rng.randrange(4)),
    ),
    ("Member reached", "checkbox", lambda rng: rng.random() < 0.5),
    ("Visit on", "date", lambda rng: f"2025-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"),
    ("Attempts", "integer", lambda rng: str(rng.randrange(9))),
    ("Cost", "decimal", lambda rng: f"{rng.randrange(10_000) / 100:.2f}"),
    ("Case number", "regexp", lambda rng: f"C-{rng.randrange(10**6):06d}"),
    ("Short note", "text", lambda rng: words.text(rng, 30)),
    ("Long note", "textarea", lambda rng: words.text(rng, 200)),
    ("Referring user", "lookup", lambda rng: FIRST_USER + rng.randrange(50)),
    ("Card", "partialcreditcard", lambda rng: f"XXXXXXXXXXXX{rng.randrange(10_000):04d}"),
    ("Hub queue", "tagger", lambda rng: rng.choice(("hub_east", "hub_west"))),
)
"""Title, type, and a value as Zendesk serves it for that type."""


@dataclasses.dataclass(frozen=True)
class Ticket:
    content: Json
    changed: int
    """generated_timestamp, the clock of the export. Later than updated_at if the system made the last change."""
    archived: bool


def ticket(seed: int, number: int, tickets: int, users: int) -> Ticket:
    """Ticket `number` (from 1) of a new account with that many tickets."""
    rng = Random(f"ticket {seed} {number}")
    created = BEGINNING + int((START - 2 * DAY - BEGINNING) * (number / tickets) ** 0.3)
    content = new_ticket(rng, number, created, users)
    updated = min(created + int(rng.expovariate(1 / (6 * DAY))), START - 180 - rng.randrange(DAY))
    age = START - updated
    if rng.random() < 0.92 and age > 28 * DAY:
        content["status"] = "closed"
    elif age > 7 * DAY:
        content["status"] = rng.choice(("pending", "hold", "solved", "solved"))
    if number % 71 == 70 and content["status"] == "closed":
        content["tags"].append("closed_by_merge")
    changed = updated
    if rng.random() < 0.04:
        changed = min(updated + rng.randrange(60 * DAY), START - 180)
    content.update(updated_at=iso(updated), generated_timestamp=changed)
    if number % 53 == 7:
        delete_ticket(content, scrubbed=age > 60 * DAY)
    return Ticket(content, changed, archived=is_archived(content, START))


def new_ticket(rng: Random, number: int, created: int, users: int) -> Json:
    """A ticket as created, about 3 KB of JSON."""
    requester, assignee = FIRST_USER + rng.randrange(users), FIRST_USER + rng.randrange(users) // 10 * 10
    subject = f"{rng.choice(words.SUBJECTS)} #{number}"
    channel = rng.choice(("web", "email", "api", "voice", "native_messaging"))
    source = _source(rng, channel, requester)
    custom_fields = _custom_fields(rng)
    return {
        "url": f"{HOST}/api/v2/tickets/{number}.json",
        "id": number,
        "external_id": f"task-{number}" if rng.random() < 0.3 else None,
        "via": {"channel": channel, "source": source},
        "created_at": iso(created),
        "updated_at": iso(created),
        "generated_timestamp": created,
        "type": rng.choice(("task", "task", "question", "problem", "incident", None)),
        "subject": subject,
        "raw_subject": subject,
        "description": words.text(rng, rng.randrange(200, 1600)),
        "priority": rng.choice(("low", "normal", "high", "urgent", None)),
        "status": rng.choice(("new", "open", "open", "pending")),
        "recipient": "help@cityblock.example" if channel == "email" else None,
        **_people(rng, requester, assignee, users),
        "forum_topic_id": None,
        "problem_id": None,
        "has_incidents": False,
        "is_public": rng.random() < 0.8,
        "due_at": iso(created + rng.randrange(30) * DAY) if rng.random() < 0.4 else None,
        "tags": rng.sample(words.TAGS, rng.randrange(5)),
        "custom_fields": custom_fields,
        "satisfaction_rating": rng.choice(
            (
                {"score": "unoffered"},
                {"score": "good", "id": number, "comment": words.text(rng, 30)},
                {"score": "offered"},
            )
        ),
        "sharing_agreement_ids": [],
        "custom_status_id": FIRST_STATUS + rng.randrange(5),
        "encoded_id": f"{number:06X}-{number % 9973:04X}",
        "fields": custom_fields,
        "followup_ids": [number - 1] if number > 1 and rng.random() < 0.02 else [],
        "ticket_form_id": FIRST_FORM + rng.randrange(4),
        "brand_id": FIRST_BRAND + rng.randrange(3),
        "allow_channelback": False,
        "allow_attachments": True,
        "from_messaging_channel": channel == "native_messaging",
        "deleted_ticket_form_id": FIRST_FORM + 99 if number % 31 == 4 else None,
        "satisfaction_probability": number % 100 / 100 if number % 29 == 3 else None,
        "support_type": "ai_agent" if number % 23 == 11 else "agent",
    }


def _source(rng: Random, channel: str, requester: int) -> Json:
    """Of `via`."""
    if channel != "email":
        return {"from": {}, "to": {}, "rel": None}
    sender = {
        "address": f"user{requester - FIRST_USER}@mail.example",
        "name": words.name(rng),
        "original_recipients": [],
    }
    return {"from": sender, "to": {"address": "help@cityblock.example", "name": "Cityblock"}, "rel": None}


def _custom_fields(rng: Random) -> list[Json]:
    return [
        {"id": FIRST_FIELD + i, "value": make(rng) if rng.random() < 0.7 else None}
        for i, (_, _, make) in enumerate(CUSTOM_FIELDS)
    ]


def _people(rng: Random, requester: int, assignee: int, users: int) -> Json:
    return {
        "requester_id": requester,
        "submitter_id": requester if rng.random() < 0.7 else assignee,
        "assignee_id": assignee if rng.random() < 0.8 else None,
        "organization_id": FIRST_ORGANIZATION + rng.randrange(max(1, users // 10))
        if rng.random() < 0.6
        else None,
        "group_id": FIRST_GROUP + rng.randrange(12) if rng.random() < 0.9 else None,
        "collaborator_ids": [FIRST_USER + rng.randrange(users) for _ in range(rng.choice((0, 0, 0, 1, 2)))],
        "follower_ids": [FIRST_USER + rng.randrange(users) // 10 * 10 for _ in range(rng.choice((0, 0, 1)))],
        "email_cc_ids": [FIRST_USER + rng.randrange(users) for _ in range(rng.choice((0, 0, 0, 1)))],
    }


def delete_ticket(content: Json, *, scrubbed: bool = False) -> None:
    """Deletion shows in the status only. Scrubbed, thirty days later, a ticket has no personal data."""
    content["status"] = "deleted"
    if scrubbed:
        content.update(
            subject=SCRUBBED, raw_subject=SCRUBBED, description="X", custom_fields=[], fields=[], tags=[]
        )


def deleted_ticket(content: Json) -> Json:
    """The ticket in the list of deleted tickets."""
    return {
        "id": content["id"],
        "subject": content["subject"],
        "actor": {"id": content["submitter_id"], "name": words.name(Random(content["submitter_id"]))},
        "deleted_at": content["updated_at"],
        "previous_state": "open",
    }


def is_archived(content: Json, now: int) -> bool:
    return bool(content["status"] == "closed" and content["updated_at"] < iso(now - ARCHIVED_AFTER))


def ticket_skip(content: Json, users: int) -> Json:
    """An agent's skip of the ticket, with the whole ticket inside."""
    number = content["id"]
    agent = next(n for n in range(number % users, number % users + 20) if is_agent(n))
    return {
        "id": FIRST_METRIC * 2 + number,
        "user_id": FIRST_USER + agent % users,
        "ticket_id": number,
        "reason": Random(number).choice(words.SENTENCES),
        "ticket": content,
        "created_at": content["created_at"],
        "updated_at": content["updated_at"],
    }
