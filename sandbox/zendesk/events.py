"""Ticket events, with comments and field changes inside.

A new account has none: those of its tickets are made on the first request for events, or when the ticket changes.
"""

from __future__ import annotations

from datetime import datetime
from random import Random
from typing import TYPE_CHECKING

import orjson

from sandbox.zendesk import words
from sandbox.zendesk.clock import iso
from sandbox.zendesk.people import FIRST_ORGANIZATION, HOST
from sandbox.zendesk.special import number_of
from sandbox.zendesk.store import Stored
from sandbox.zendesk.tickets import FIRST_GROUP, SCRUBBED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.zendesk.store import Json, Store

MODEL = "ticket_event"
FIRST_EVENT = FIRST_ORGANIZATION * 10
A_TICKET, AN_EVENT = 100_000, 100
"""The distance between the ids of two tickets' first events, and of two events of a ticket."""

FIELDS = (
    "subject", "type", "status", "priority", "requester_id", "assignee_id", "group_id", "organization_id", "tags"
)  # fmt: skip
SYSTEM = -1
BATCH = 5_000
"""Tickets whose events are made at once."""


def complete(store: Store) -> None:
    """Makes the events of all tickets without any."""
    if store.fact("ticket events are complete"):
        return
    with store.transaction():
        after = 0
        while found := store.lacking("ticket", MODEL, (FIRST_EVENT, A_TICKET), after, BATCH):
            store.put(_stored(event) for _, body in found for event in events_before(orjson.loads(body)))
            after = found[-1][0]
        store.set_fact("ticket events are complete", 1)


def happened(store: Store, before: Json | None, after: Json, moment: int) -> None:
    """Adds an event for a ticket that changed or is new, and its earlier ones if they are missing."""
    if before is None:
        store.put(map(_stored, events_before(after)))
        return
    earlier = [*of_ticket(store, before)]
    put_events(store, earlier)
    by_system = before["updated_at"] == after["updated_at"]
    store.put([_stored(_changed(_number_after(earlier), before, after, moment, by_system=by_system))])


def of_ticket(store: Store, ticket: Json) -> Iterator[Json]:
    """All events of a ticket, in order."""
    first = FIRST_EVENT + A_TICKET * ticket["id"]
    bodies = store.bodies_within(MODEL, first, first + A_TICKET - 1)
    return map(orjson.loads, bodies) if bodies else events_before(ticket)


def add_event(store: Store, ticket: Json, children: list[Json], moment: int) -> None:
    """Adds an event with these child events, after those that the ticket has."""
    earlier = [*of_ticket(store, ticket)]
    which = (ticket["id"], _number_after(earlier), moment)
    event = _event(Random(f"event {ticket['id']} {moment}"), which, children, updater=ticket["submitter_id"])
    put_events(store, [*earlier, event])


def _number_after(events: list[Json]) -> int:
    """Of the next event of their ticket. A ticket may lack one in between."""
    return int(events[-1]["id"] - FIRST_EVENT) % A_TICKET // AN_EVENT + 1


def put_events(store: Store, events: list[Json]) -> None:
    store.put(map(_stored, events))


def is_comment(child: Json) -> bool:
    return bool(child["event_type"] == "Comment")


def scrubbed(event: Json) -> Json:
    """The event of a ticket that is scrubbed. How Zendesk serves it is not documented; this is the least that it removes."""
    children = [
        _scrubbed_comment(one) if is_comment(one) else _scrubbed(one) for one in event["child_events"]
    ]
    return {**event, "system": {}, "metadata": {}, "child_events": children}


def _scrubbed_comment(comment: Json) -> Json:
    texts: Json = {name: "X" for name in ("body", "html_body", "plain_body") if name in comment}
    return {**comment, **texts, "attachments": [], **({"data": {}} if "data" in comment else {})}


def _scrubbed(change: Json) -> Json:
    left: Json = {"subject": SCRUBBED} if "subject" in change else {}
    if "custom_ticket_fields" in change:
        left["custom_ticket_fields"] = dict.fromkeys(change["custom_ticket_fields"])
    return {**change, **left, **({"previous_value": None} if left and "previous_value" in change else {})}


def _stored(event: Json) -> Stored:
    return Stored.of(MODEL, event, event["timestamp"])


def events_before(ticket: Json) -> Iterator[Json]:
    """The events of a ticket in a new account: its creation, the last change by a person, a change by the system."""
    made = _events_before(ticket)
    return map(scrubbed, made) if ticket["subject"] == SCRUBBED else made


def _events_before(ticket: Json) -> Iterator[Json]:
    created, updated = (
        int(datetime.fromisoformat(ticket[name]).timestamp()) for name in ("created_at", "updated_at")
    )
    was = ticket | {"status": "new", "tags": [], **_before_assignment(ticket)}
    yield _created(was if updated > created else ticket, created)
    if updated > created:
        yield _changed(1, was, ticket, updated, by_system=False)
    if ticket["generated_timestamp"] > updated:
        elsewhere = ticket | {"organization_id": FIRST_ORGANIZATION}
        yield _changed(2, elsewhere, ticket, ticket["generated_timestamp"], by_system=True)


def _before_assignment(ticket: Json) -> Json:
    """Most tickets had another priority, group or assignee at first."""
    number = ticket["id"]
    return {
        "priority": (None, "normal", ticket["priority"])[number % 3],
        "group_id": FIRST_GROUP + number % 12 if number % 4 == 0 else ticket["group_id"],
        "assignee_id": None if number % 2 else ticket["assignee_id"],
    }


def _created(ticket: Json, moment: int) -> Json:
    rng = Random(f"event {ticket['id']}")
    children = [_comment(rng, ticket, moment, ticket["description"], author=ticket["submitter_id"])]
    children += [{name: ticket[name], "event_type": "Create"} for name in FIELDS if ticket[name]]
    children += [
        {"custom_ticket_fields": {str(field["id"]): field["value"]}, "event_type": "Create"}
        for field in ticket["custom_fields"]
        if field["value"] is not None
    ]
    if ticket["id"] % 7 == 3:  # by a trigger
        schedules = {"previous_schedule_id": None, "new_schedule_id": number_of("schedule", 1)}
        children.append({**schedules, "event_type": "ScheduleAssignment"})
    return _event(rng, (ticket["id"], 0, moment), children, updater=ticket["submitter_id"])


def _changed(number: int, before: Json, after: Json, moment: int, *, by_system: bool) -> Json:
    rng = Random(f"event {after['id']} {moment}")
    updater = SYSTEM if by_system else after["assignee_id"] or after["submitter_id"]
    if not by_system and after["status"] == "open" and rng.random() < 0.5:
        updater = after["requester_id"]
    children: list[Json] = []
    if not by_system and rng.random() < 0.7:
        children.append(_comment(rng, after, moment, words.text(rng, rng.randrange(40, 400)), author=updater))
    for name in FIELDS:
        if before[name] != after[name]:
            change: Json = {name: after[name], "event_type": "Change", "previous_value": before[name]}
            if name == "tags":
                change["added_tags"] = [tag for tag in after[name] if tag not in before[name]]
                change["removed_tags"] = [tag for tag in before[name] if tag not in after[name]]
            children.append(change)
    values = {field["id"]: field["value"] for field in before["custom_fields"]}
    for field in after["custom_fields"]:
        if field["value"] != (previous := values.get(field["id"])):
            changed = {str(field["id"]): field["value"]}
            children.append(
                {"custom_ticket_fields": changed, "event_type": "Change", "previous_value": previous}
            )
    return _event(rng, (after["id"], number, moment), children, updater=updater)


def _comment(rng: Random, ticket: Json, moment: int, body: str, *, author: int) -> Json:
    """`via` is an object; for some integrations it is a number or a string."""
    attachments = []
    if rng.random() < 0.1:
        attachments.append(_attachment(rng.randrange(10**9)))
    is_voice = ticket["via"] and ticket["via"]["channel"] == "voice"
    voice: Json = {
        "data": {"from": "+15550142", "to": "+15550100", "recording_url": None, "transcription_text": body},
        "formatted_from": "+1 (555) 014-2000",
        "formatted_to": "+1 (555) 010-0000",
        "transcription_visible": False,
        "trusted": True,
    }
    return {
        "via": rng.choice((33, "Mail")) if rng.random() < 0.1 else ticket["via"],
        "type": "VoiceComment" if is_voice else "Comment",
        "author_id": author,
        "body": body,
        "html_body": f'<div class="zd-comment"><p dir="auto">{body}</p></div>',
        **(voice if is_voice else {"plain_body": body}),
        "public": ticket["is_public"] and rng.random() < 0.6,
        "attachments": attachments,
        "created_at": iso(moment),
        "event_type": "Comment",
    }


def _attachment(number: int) -> Json:
    content_url = f"{HOST}/attachments/token/{number}/?name=receipt.pdf"
    return {
        "id": number,
        "url": f"{HOST}/api/v2/attachments/{number}.json",
        "file_name": "receipt.pdf",
        "content_url": content_url,
        "mapped_content_url": content_url,
        "content_type": "application/pdf",
        "size": 2048,
        "width": None,
        "height": None,
        "inline": False,
        "deleted": False,
        "malware_access_override": False,
        "malware_scan_result": "malware_not_found",
        "thumbnails": [],
    }


def _event(rng: Random, which: tuple[int, int, int], children: list[Json], *, updater: int) -> Json:
    """`which`: ticket id, number of the event among those of the ticket, time."""
    ticket_id, number, moment = which
    event_id = FIRST_EVENT + A_TICKET * ticket_id + AN_EVENT * number
    via = "Rule" if updater == SYSTEM else rng.choice(("Web form", "Mail", "Web service"))
    for n, child in enumerate(children, start=1):
        child["id"] = event_id + n
        child.setdefault("via", via)
        child["via_reference_id"] = FIRST_ORGANIZATION + 7 if updater == SYSTEM else None
        if child["event_type"] == "Comment":
            child["audit_id"] = event_id
    place: Json = {"client": "Mozilla/5.0", "location": "New York, NY", "latitude": 40.7, "longitude": -74}
    return {
        "id": event_id,
        "ticket_id": ticket_id,
        "timestamp": moment,
        "created_at": iso(moment),
        "updater_id": updater,
        "via": via,
        "system": {} if updater == SYSTEM else place,
        "metadata": {},
        "event_type": "Audit",
        "merged_ticket_ids": [],
        "child_events": children,
    }
