"""Decide for a batch of tickets which messages to publish, and which tickets wait."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import TYPE_CHECKING

from target_zendesk_pubsub.clock import INSTANT
from target_zendesk_pubsub.directory import join
from target_zendesk_pubsub.join_errors import JoinError
from target_zendesk_pubsub.legacy_log import TAKEN_OVER
from target_zendesk_pubsub.lookup import EPOCH, LastMessage
from target_zendesk_pubsub.messages import (
    Message,
    attributes_of,
    encode_into,
    event_type,
    message_key,
    new_message,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from target_zendesk_pubsub.lookup import Known
    from target_zendesk_pubsub.messages import EventType
    from target_zendesk_pubsub.tickets import Ticket

NO_LEGACY: Mapping[int, int] = {}


@dataclasses.dataclass(frozen=True)
class Decision:
    """What to do with a batch: `messages` to publish in order of their tickets, and `errors` of tickets that must wait.

    `taken_over`: messages that the legacy system published, to log before the others and not to send.
    `waiting_unchanged`: number of tickets that wait already in the same version.
    """

    messages: list[Message]
    errors: list[JoinError]
    taken_over: list[Message]
    waiting_unchanged: int
    settled: frozenset[int]
    """Waiting tickets that no longer wait once the messages are published."""
    waiting_more: int
    """The change in the number of waiting tickets."""


def decide(
    tickets: Iterable[Ticket], known: Known, environment: str, legacy: Mapping[int, int] = NO_LEGACY
) -> Decision:
    """Decides on tickets in order: a later version of a ticket comes later.

    No message repeats the one before it, and no version waits that a later one replaced. `legacy`: the result of
    read_legacy_log.
    """
    last, waiting = dict(known.published), dict(known.waiting)
    messages: list[Message] = []
    taken_over: list[Message] = []
    errors: dict[int, JoinError] = {}
    data, waiting_unchanged = bytearray(), 0
    for ticket in tickets:
        content = ticket.content
        before, waits = last.get(ticket.id), waiting.get(ticket.id)
        if before is not None and before.is_erased(ticket):
            continue
        unmatched = join(content, known.people)
        encode_into(content, data)
        key = message_key(ticket.id, data)
        replaced = errors.pop(ticket.id, None)
        if unmatched and waits is not None and waits.message_key == key:
            waiting_unchanged += 1
        elif unmatched:
            since = waits.first_seen_at if waits else None
            errors[ticket.id] = JoinError(ticket, unmatched, bytes(data), key, since)
        elif before is None or before.message_key != key or waits or replaced:
            # A waiting ticket is settled by any later message, also by one that repeats the last message.
            event = event_type(is_deleted=content.is_deleted, before=before.event_type if before else None)
            is_taken_over = before is None and _has_published(legacy, ticket)
            message = _message(ticket, key, event, data, environment, is_taken_over=is_taken_over)
            (taken_over if is_taken_over else messages).append(message)
            last[ticket.id] = LastMessage(ticket.id, key, event)
            waiting.pop(ticket.id, None)
    waiting_after = waiting.keys() | errors.keys()
    return Decision(
        messages,
        list(errors.values()),
        taken_over,
        waiting_unchanged,
        settled=frozenset(known.waiting.keys() - waiting_after),
        waiting_more=len(waiting_after) - len(known.waiting),
    )


def _message(  # noqa: PLR0913 - all that a message is made of
    ticket: Ticket, key: str, event: EventType, data: bytearray, environment: str, *, is_taken_over: bool
) -> Message:
    attributes = attributes_of(ticket.content, key, event, ticket.generated_timestamp, environment)
    if is_taken_over:
        attributes[TAKEN_OVER] = "true"
    return new_message(ticket.id, key, attributes, bytes(data))


def _has_published(legacy: Mapping[int, int], ticket: Ticket) -> bool:
    """Whether the legacy system published this version, or a later one."""
    if ticket.id not in legacy:
        return False
    return (datetime.fromisoformat(ticket.content.updated_at) - EPOCH) // INSTANT <= legacy[ticket.id]
