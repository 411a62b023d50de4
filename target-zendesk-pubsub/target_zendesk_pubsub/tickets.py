"""Map a ticket of Zendesk's export to the content of its message."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter
from typing import Annotated

import msgspec

from target_zendesk_pubsub.messages import SCHEMA_VERSION, CustomField, TicketData, User

Int64 = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
"""The range of BigQuery's INTEGER: a single id outside of it would fail the load or query of the whole batch."""
_moment = datetime.fromisoformat


class Via(msgspec.Struct, gc=False):
    channel: str | None = None


class Rating(msgspec.Struct, gc=False):
    score: str | None = None


class Record(msgspec.Struct, gc=False):
    """The properties of Zendesk's ticket that are used; all others are skipped."""

    id: Int64
    status: str
    updated_at: str
    generated_timestamp: Int64 | None = None
    created_at: str | None = None  # missing only in deletion stubs
    assignee_id: Int64 | None = None
    brand_id: int | None = None
    collaborator_ids: list[Int64 | None] | None = None
    custom_fields: list[CustomField] | None = None
    custom_status_id: int | None = None
    description: str | None = None
    due_at: str | None = None
    external_id: str | None = None
    follower_ids: list[Int64 | None] | None = None
    group_id: int | None = None
    has_incidents: bool | None = None
    is_public: bool | None = None
    organization_id: int | None = None
    priority: str | None = None
    problem_id: int | None = None
    recipient: str | None = None
    requester_id: Int64 | None = None
    satisfaction_rating: Rating | None = None
    subject: str | None = None
    submitter_id: Int64 | None = None
    tags: list[str] | None = None
    ticket_form_id: int | None = None
    type: str | None = None
    via: Via | str | int | None = None  # documented as an object; sometimes a string or number


class Ticket(msgspec.Struct, gc=False):
    """A version of a ticket before its users are matched."""

    generated_timestamp: int
    """Zendesk's version clock in Unix seconds; it also changes when `updated_at` does not."""
    content: TicketData
    is_clocked: bool = True
    """Whether Zendesk sent the clock. If not, it is `updated_at`, which may be before the clock of an older version."""

    @property
    def id(self) -> int:
        return self.content.ticket_id


class DeletionStub(msgspec.Struct, gc=False):
    """A ticket in Zendesk's list of deleted tickets: its id, and when it was deleted. Exports have the whole
    ticket.
    """

    id: int
    generated_timestamp: int
    updated_at: str
    is_clocked: bool = True

    def applied_to(self, content: TicketData) -> Ticket:
        """The deleted version of a ticket with that last known content."""
        deleted = msgspec.structs.replace(
            content, status="deleted", is_deleted=True, updated_at=self.updated_at
        )
        return Ticket(self.generated_timestamp, deleted, self.is_clocked)


def ticket_of(record: Record) -> Ticket | DeletionStub:
    """Raises ValidationError."""
    updated = _checked_times(record)
    clock, is_clocked = record.generated_timestamp, True
    if clock is None:
        clock, is_clocked = int(updated.timestamp()), False
    if record.created_at is None:
        if record.status != "deleted":
            raise msgspec.ValidationError("Object missing required field `created_at`")
        return DeletionStub(record.id, clock, record.updated_at, is_clocked)
    return Ticket(clock, _content(record, record.created_at), is_clocked)


def _checked_times(record: Record) -> datetime:
    """Of the update. Raises ValidationError unless each time has an offset."""
    created_at, due_at = record.created_at, record.due_at or None
    try:
        updated = _moment(record.updated_at)
        is_timed = (
            updated.tzinfo is not None
            and (created_at is None or _moment(created_at).tzinfo is not None)
            and (due_at is None or _moment(due_at).tzinfo is not None)
        )
    except ValueError:
        is_timed = False
    if not is_timed:
        raise msgspec.ValidationError(f"Expected a time with its offset - at `$.{_invalid_time(record)}`")
    return updated


def _content(record: Record, created_at: str) -> TicketData:
    via, rating = record.via, record.satisfaction_rating
    fields = record.custom_fields or []
    fields.sort(key=attrgetter("id"))
    return TicketData(
        assignee=_user(record.assignee_id),
        brand_id=record.brand_id,
        channel=via.channel if isinstance(via, Via) else None if via is None else str(via),
        collaborators=_users(record.collaborator_ids),
        created_at=created_at,
        custom_fields=fields,
        custom_status_id=record.custom_status_id,
        description=record.description,
        due_at=record.due_at or None,
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


def _invalid_time(record: Record) -> str:
    """Name of the first property that is not a time with an offset."""
    for name in ("updated_at", "created_at"):
        moment = getattr(record, name)
        try:
            if moment is not None and _moment(moment).tzinfo is None:
                return name
        except ValueError:
            return name
    return "due_at"


def _user(user_id: int | None) -> User | None:
    return None if user_id is None or user_id <= 0 else User(None, None, user_id)


def _users(user_ids: list[int | None] | None) -> list[User]:
    """Sorted, because Zendesk does not guarantee an order and equal sets must give equal messages."""
    if not user_ids:  # the usual case
        return []
    return [
        User(None, None, user_id)
        for user_id in sorted({one for one in user_ids if one is not None and one > 0})
    ]
