"""Zendesk's ticket as its export tells it, put into the words of the message."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import msgspec

from target_zendesk_pubsub.errors import RecordError
from target_zendesk_pubsub.messages import SCHEMA_VERSION, CustomField, TicketData, User


class Via(msgspec.Struct, gc=False):
    channel: str | None = None


class Rating(msgspec.Struct, gc=False):
    score: str | None = None


class Record(msgspec.Struct, gc=False):
    """What is read of Zendesk's ticket; everything else is skipped."""

    id: int
    generated_timestamp: int
    status: str
    updated_at: str
    created_at: str | None = None  # every ticket has it, but what is left of a deleted one
    assignee_id: int | None = None
    brand_id: int | None = None
    collaborator_ids: list[int | None] | None = None
    custom_fields: list[CustomField] | None = None
    custom_status_id: int | None = None
    description: str | None = None
    due_at: str | None = None
    external_id: str | None = None
    follower_ids: list[int | None] | None = None
    group_id: int | None = None
    has_incidents: bool | None = None
    is_public: bool | None = None
    organization_id: int | None = None
    priority: str | None = None
    problem_id: int | None = None
    recipient: str | None = None
    requester_id: int | None = None
    satisfaction_rating: Rating | None = None
    subject: str | None = None
    submitter_id: int | None = None
    tags: list[str] | None = None
    ticket_form_id: int | None = None
    type: str | None = None
    via: Via | str | int | None = None  # a number now and then, against Zendesk's documentation


class Ticket(msgspec.Struct, gc=False):
    """One version of a ticket. Its users are not joined yet."""

    generated_timestamp: int
    """Zendesk's clock of versions, seconds since 1970: also moves where `updated_at` does not."""
    content: TicketData

    @property
    def id(self) -> int:
        return self.content.ticket_id


class Remnant(msgspec.Struct, gc=False):
    """What Zendesk's lists tell of a deleted ticket: that it is, and since when. Exports tell it whole."""

    id: int
    generated_timestamp: int
    updated_at: str

    def of(self, content: TicketData) -> Ticket:
        """`content`: what the ticket was."""
        deleted = msgspec.structs.replace(
            content, status="deleted", is_deleted=True, updated_at=self.updated_at
        )
        return Ticket(self.generated_timestamp, deleted)


class _Id(msgspec.Struct):
    id: Any = None


_decode_record = msgspec.json.Decoder(Record).decode
_decode_id = msgspec.json.Decoder(_Id).decode


def read_ticket(record: bytes | msgspec.Raw) -> Ticket | Remnant:
    """Raises RecordError, which names the ticket, the property and its type, and quotes nobody's content."""
    try:
        return ticket_of(_decode_record(record))
    except (msgspec.ValidationError, UnicodeDecodeError) as misfit:
        ticket_id = _decode_id(record).id
        told = f"ticket {ticket_id}" if type(ticket_id) is int else "a ticket without an id"
        wrong = "a text is not UTF-8" if isinstance(misfit, UnicodeDecodeError) else misfit
        raise RecordError(f"{told}: {wrong}") from None


def ticket_of(record: Record) -> Ticket | Remnant:
    """Raises ValidationError."""
    if record.created_at is None:
        if record.status != "deleted":
            raise msgspec.ValidationError("Object missing required field `created_at`")
        return Remnant(record.id, record.generated_timestamp, record.updated_at)
    via, rating = record.via, record.satisfaction_rating
    fields = record.custom_fields or []
    fields.sort(key=attrgetter("id"))
    content = TicketData(
        assignee=_user(record.assignee_id),
        brand_id=record.brand_id,
        channel=via.channel if isinstance(via, Via) else None,
        collaborators=_users(record.collaborator_ids),
        created_at=record.created_at,
        custom_fields=fields,
        custom_status_id=record.custom_status_id,
        description=record.description,
        due_at=record.due_at,
        external_id=record.external_id,
        followers=_users(record.follower_ids),
        group_id=record.group_id,
        has_incidents=bool(record.has_incidents),
        is_deleted=record.status == "deleted",
        is_public=bool(record.is_public),
        organization_id=record.organization_id,
        priority=record.priority,
        problem_id=record.problem_id,
        recipient=record.recipient,
        requester=_user(record.requester_id),
        satisfaction_score=None if rating is None else rating.score,
        schema_version=SCHEMA_VERSION,
        status=record.status,
        subject=record.subject,
        submitter=_user(record.submitter_id),
        tags=sorted(set(record.tags)) if record.tags else [],
        ticket_form_id=record.ticket_form_id,
        ticket_id=record.id,
        type=record.type,
        updated_at=record.updated_at,
    )
    return Ticket(record.generated_timestamp, content)


def _user(user_id: int | None) -> User | None:
    return None if user_id is None else User(None, None, user_id)


def _users(user_ids: list[int | None] | None) -> list[User]:
    """A set to Zendesk, which promises no order: sorted, so that equal sets give equal messages."""
    if not user_ids:  # as most are
        return []
    return [User(None, None, user_id) for user_id in sorted({one for one in user_ids if one is not None})]
