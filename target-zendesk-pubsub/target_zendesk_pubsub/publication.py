"""A batch of tickets on its way: looked up, joined, compared, intended, published, logged."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import TYPE_CHECKING

from target_zendesk_pubsub.batches import BatchLimits, batches
from target_zendesk_pubsub.clock import INSTANT
from target_zendesk_pubsub.counted import counted
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
from target_zendesk_pubsub.odd_tickets import Rejected
from target_zendesk_pubsub.tickets import Remnant, Ticket

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from target_zendesk_pubsub.connections import Connections
    from target_zendesk_pubsub.lookup import Known

NO_LEGACY: Mapping[int, int] = {}


@dataclasses.dataclass(frozen=True)
class Decision:
    """What becomes of a batch: messages in the order of their tickets, and tickets that have to wait.

    `taken_over`: what the replaced system has published, to be logged before the messages, and not sent.
    `waiting`: how many wait already, as they are.
    """

    messages: list[Message]
    errors: list[JoinError]
    taken_over: list[Message]
    waiting: int


def decide(
    tickets: Iterable[Ticket], known: Known, environment: str, legacy: Mapping[int, int] = NO_LEGACY
) -> Decision:
    """Later versions of a ticket come later. Nothing is sent twice in a row, and nothing that a later version replaced waits.

    `legacy`: as read_legacy_log tells it.
    """
    last, waiting = dict(known.published), dict(known.waiting)
    messages: list[Message] = []
    taken_over: list[Message] = []
    errors: dict[int, JoinError] = {}
    data, as_before = bytearray(), 0
    for ticket in tickets:
        content = ticket.content
        unjoined = join(content, known.people)
        encode_into(content, data)
        key = message_key(ticket.id, data)
        before, held = last.get(ticket.id), waiting.get(ticket.id)
        replaced = errors.pop(ticket.id, None)
        if unjoined:
            if held is None or held.message_key != key:
                since = held.first_seen_at if held else None
                errors[ticket.id] = JoinError(ticket, unjoined, bytes(data), key, since)
            else:
                as_before += 1
        elif before is None or before.message_key != key or held or replaced:
            # What waits is settled by a later message, even one that only says again what the last one said.
            event = event_type(
                is_deleted=content.is_deleted, before=None if before is None else before.event_type
            )
            attributes = attributes_of(content, key, event, ticket.generated_timestamp, environment)
            if before is None and legacy and _micros(content.updated_at) <= legacy.get(ticket.id, -1):
                taken_over.append(
                    new_message(ticket.id, key, {**attributes, TAKEN_OVER: "true"}, bytes(data))
                )
            else:
                messages.append(new_message(ticket.id, key, attributes, bytes(data)))
            last[ticket.id] = LastMessage(ticket.id, key, event)
            waiting.pop(ticket.id, None)
    return Decision(messages, list(errors.values()), taken_over, as_before)


def _micros(moment: str) -> int:
    return (datetime.fromisoformat(moment) - EPOCH) // INSTANT


@dataclasses.dataclass
class Counts:
    """Of a run, for its last line."""

    read: int = 0
    published: int = 0
    taken_over: int = 0
    unchanged: int = 0
    unjoined: int = 0
    unjoined_as_before: int = 0
    refused: int = 0
    rejected: int = 0
    waiting: int | None = None
    """None: not counted yet."""
    open: int = 0

    def __str__(self) -> str:
        told = (
            f"{counted(self.read, 'ticket')}: {counted(self.published, 'message')} published, "
            f"{self.unchanged} unchanged, {self.unjoined} unjoined, {self.unjoined_as_before} unjoined as before, "
            f"{self.refused} refused, {self.rejected} rejected"
        )
        if self.waiting is not None:
            told += (
                f"; {counted(self.waiting, 'ticket')} {'waits' if self.waiting == 1 else 'wait'} for a join"
            )
        return f"{told}; {counted(self.open, 'rejected ticket')} open" if self.open else told


class Publication:
    """Effects in this order: intents, publish, log, join errors. Whatever stops it, the next run goes on from there."""

    def __init__(
        self,
        connections: Connections,
        environment: str,
        limits: BatchLimits,
        logger: logging.Logger,
        counts: Counts,
    ) -> None:
        self._lookup, self._publisher = connections.lookup, connections.publisher
        self._log, self._join_errors = connections.log, connections.join_errors
        self._clock, self._environment, self._logger = connections.clock, environment, logger
        self._rejected = connections.rejected
        self._limits = limits
        self._read_legacy_log, self._legacy = connections.read_legacy_log, NO_LEGACY
        self.counts = counts

    def prepare(self) -> None:
        """Before the first batch: tables are there, somebody is in the directory, an earlier run's messages are out.

        Raises PluginError.
        """
        self._log.ensure()
        self._join_errors.ensure()
        self._rejected.prepare()
        self.counts.open = len(self._rejected)
        self._lookup.check_directory()
        self._legacy = self._read_legacy_log()
        for batch in batches(self._log.pending(), self._limits):
            self._logger.warning(
                "an earlier run ended while it published: publishing its %s again",
                counted(len(batch), "message"),
            )
            self._clock.pass_by(batch[-1][1])
            self._send([message for message, _ in batch])

    def publish(self, given: Sequence[Ticket | Remnant | Rejected]) -> None:
        """Raises PluginError; what was sent until then is logged."""
        rejected = [one for one in given if isinstance(one, Rejected)]
        if rejected:
            self._set_aside(rejected, len(given))
            self.publish_tickets([one for one in given if not isinstance(one, Rejected)])
        else:
            self.publish_tickets(given)  # type: ignore[arg-type] # none of them is rejected
        self._rejected.settle(given)
        self.counts.open = len(self._rejected)

    def _set_aside(self, rejected: Sequence[Rejected], read: int) -> None:
        """Raises PluginError."""
        self._rejected.record(rejected, read, self._clock)
        self.counts.read += len(rejected)
        self.counts.rejected += len(rejected)
        for one in rejected:
            self._logger.warning("%s is set aside in %s: %s", one.name, self._rejected.table, one.reason)

    def publish_tickets(self, given: Sequence[Ticket | Remnant]) -> None:
        """Raises PluginError; what was sent until then is logged."""
        self.counts.read += len(given)
        tickets = self._whole(given)
        self.counts.unchanged += len(given) - len(tickets)
        if not tickets:
            return
        known = self._lookup(tickets)
        self._clock.pass_by(known.latest)
        decision = decide(tickets, known, self._environment, self._legacy)
        if decision.taken_over:
            # Without intents: a run that dies before the log has them takes them over again, and sends nothing.
            self._log.take_over(decision.taken_over, self._clock)
        if decision.messages:
            self._log.intend(decision.messages, self._clock)
            self._send(decision.messages)
        if decision.errors:
            self._join_errors.record(decision.errors, self._clock)
        self.counts.unjoined += len(decision.errors)
        self.counts.taken_over += len(decision.taken_over)
        self.counts.unjoined_as_before += decision.waiting
        settled = len(decision.messages) + len(decision.errors) + len(decision.taken_over) + decision.waiting
        self.counts.unchanged += len(tickets) - settled

    def _whole(self, given: Sequence[Ticket | Remnant]) -> list[Ticket]:
        """Remnants as the ticket was last, deleted. Of what was never published nor waits, there is nothing to take back."""
        gone = {one.id for one in given if isinstance(one, Remnant)}
        last = self._lookup.contents(gone) if gone else {}
        tickets = []
        for one in given:
            if isinstance(one, Ticket):
                tickets.append(one)
            elif one.id in last:
                tickets.append(one.of(last[one.id]))
            else:
                continue
            if one.id in gone:
                last[one.id] = tickets[-1].content
        return self._clocked(tickets)

    def _clocked(self, tickets: list[Ticket]) -> list[Ticket]:
        """With a clock that is not earlier than those of older versions: Zendesk gives some tickets none."""
        clockless = {ticket.id for ticket in tickets if not ticket.is_clocked}
        if clockless:
            latest = self._lookup.clocks(clockless)
            for ticket in tickets:
                if ticket.id in clockless:
                    before = latest.get(ticket.id, ticket.generated_timestamp)
                    if not ticket.is_clocked:
                        ticket.generated_timestamp = max(ticket.generated_timestamp, before)
                    latest[ticket.id] = max(ticket.generated_timestamp, before)
        return tickets

    def mended(self) -> Iterator[list[Ticket]]:
        """Batches of what waited and waits no longer, each to be published. Counts what waits. Raises WarehouseError."""
        waiting = self._join_errors.count()
        self.counts.waiting = waiting.tickets
        if not waiting.mended:  # the usual case, which is spared reading payloads
            return
        for batch in batches(self._join_errors.mended(), self._limits):
            self._clock.pass_by(max(since for _, since in batch))
            yield [ticket for ticket, _ in batch]
        self.counts.waiting = self._join_errors.count().tickets

    def _send(self, messages: Sequence[Message]) -> None:
        outcome = self._publisher.publish(messages)
        self._log.record(outcome.published, outcome.refused)
        self.counts.published += len(outcome.published)
        self.counts.refused += len(outcome.refused)
        if outcome.failure is not None:
            raise outcome.failure
