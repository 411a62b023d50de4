"""Publish batches of tickets: look up, decide, record intents, publish, log."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from target_zendesk_pubsub.batches import BatchLimits, batches
from target_zendesk_pubsub.counted import counted
from target_zendesk_pubsub.decisions import NO_LEGACY, decide
from target_zendesk_pubsub.join_errors import COMPLETE
from target_zendesk_pubsub.messages import erased_message
from target_zendesk_pubsub.ticket_parsing import Rejected
from target_zendesk_pubsub.tickets import DeletionStub, Ticket

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Sequence

    from target_zendesk_pubsub.connections import Connections
    from target_zendesk_pubsub.messages import Message


@dataclasses.dataclass
class Counts:
    """Totals of a run, logged at its end."""

    read: int = 0
    published: int = 0
    taken_over: int = 0
    unchanged: int = 0
    waiting_new: int = 0
    waiting_unchanged: int = 0
    refused: int = 0
    rejected: int = 0
    waiting_total: int | None = None
    """None until counted."""
    open: int = 0
    """Rejected tickets that are not resolved."""

    def __str__(self) -> str:
        summary = (
            f"{counted(self.read, 'ticket')}: {counted(self.published, 'message')} published, "
            f"{self.unchanged} unchanged, {self.waiting_new} waiting (new), {self.waiting_unchanged} waiting (unchanged), "
            f"{self.refused} refused, {self.rejected} rejected"
        )
        if self.waiting_total is not None:
            summary += f"; total waiting: {self.waiting_total}"
        return f"{summary}; {counted(self.open, 'rejected ticket')} open" if self.open else summary


class Publication:
    """Writes in this order: intents, messages, log, join errors. If it is interrupted, the next run continues there."""

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
        self._rejected, self._checkpoint = connections.rejected, connections.checkpoint
        self._last_messages, self._erased_messages = (connections.last_messages, connections.erased_messages)
        self._waiting_more = 0
        self._limits = limits
        self._read_legacy_log, self._legacy = connections.read_legacy_log, NO_LEGACY
        self.counts = counts

    def prepare(self) -> None:
        """Before the first batch: creates tables, checks the directory, finishes what an earlier run has begun.

        Raises PluginError.
        """
        self._checkpoint.open()
        self._last_messages.read_until(self._checkpoint.labels)
        until = self._last_messages.until
        if until is not None:
            self._clock.advance_past(until)
        if self._checkpoint.rejected != 0:
            self._rejected.prepare()
        self.counts.open = len(self._rejected)
        self._lookup.check_directory()
        self._legacy = self._read_legacy_log()
        now = datetime.now(UTC)  # not of a clock that was ahead: its next days are not complete
        if self._checkpoint.is_empty:
            self._join_errors.complete()
            self._last_messages.complete(now)
            return
        if not self._checkpoint.is_valid:
            self._publish_pending()
            is_complete = self._checkpoint.labels_of_waiting.items() >= COMPLETE.items()
            self._join_errors.catch_up(until if is_complete else None)
        self._last_messages.catch_up(now)
        if not self._checkpoint.is_valid and self._checkpoint.has_rows(self._log.erased):
            self._publish_erased()

    def _publish_erased(self) -> None:
        """Publishes them before any ticket, so that a version that Zendesk exports after the erasure follows."""
        for batch in batches(self._erased_messages.unpublished(), self._limits):
            self._clock.advance_past(max(one.latest for one in batch))
            messages = [
                erased_message(one.id, one.erased_at, one.generated_timestamp, self._environment)
                for one in batch
            ]
            self._log.intend(messages, self._clock)
            self._send(messages)
            self._join_errors.record([], [one.id for one in batch if one.is_waiting], self._clock)
            self._rejected.settle_erased(batch)
            self._logger.info("%s published as erased", counted(len(batch), "ticket"))
        self.counts.open = len(self._rejected)

    def _publish_pending(self) -> None:
        for batch in batches(self._log.pending(), self._limits):
            self._logger.warning(
                "An earlier run was interrupted while publishing: publishing its %s again",
                counted(len(batch), "message"),
            )
            self._clock.advance_past(batch[-1][1])
            self._send([message for message, _ in batch])

    def finish(self) -> None:
        """Call it after the last batch: writes what the next run needs. Raises WarehouseError."""
        self._checkpoint.close(self._waiting(), len(self._rejected))

    def _waiting(self) -> int:
        """Number of waiting tickets. Raises DirectoryError, WarehouseError."""
        before = self._checkpoint.waiting
        return (self._lookup.count().tickets if before is None else before) + self._waiting_more

    def publish(self, given: Sequence[Ticket | DeletionStub | Rejected]) -> None:
        """Raises PluginError, after logging what was published."""
        rejected = [one for one in given if isinstance(one, Rejected)]
        if rejected:
            self._reject(rejected, len(given))
            self.publish_tickets([one for one in given if not isinstance(one, Rejected)])
        else:
            self.publish_tickets(given)  # type: ignore[arg-type] # all are tickets or stubs
        self._rejected.settle(given)
        self.counts.open = len(self._rejected)

    def _reject(self, rejected: Sequence[Rejected], read: int) -> None:
        """Raises PluginError."""
        self._rejected.record(rejected, read, self._clock)
        self.counts.read += len(rejected)
        self.counts.rejected += len(rejected)
        for one in rejected:
            self._logger.warning("%s rejected, stored in %s: %s", one.name, self._rejected.table, one.reason)

    def publish_tickets(self, given: Sequence[Ticket | DeletionStub]) -> None:
        """Raises PluginError, after logging what was published."""
        self.counts.read += len(given)
        tickets = self._with_deleted_content(given)
        self.counts.unchanged += len(given) - len(tickets)
        if not tickets:
            return
        known = self._lookup(tickets)
        self._clock.advance_past(known.latest)
        decision = decide(tickets, known, self._environment, self._legacy)
        if decision.taken_over:
            # Without intents: if the run is interrupted before the log has them, the next run takes them over again.
            self._log.take_over(decision.taken_over, self._clock)
        if decision.messages:
            self._log.intend(decision.messages, self._clock)
            self._send(decision.messages)
        if decision.errors or decision.settled:
            self._join_errors.record(decision.errors, decision.settled, self._clock)
        self._waiting_more += decision.waiting_more
        self.counts.waiting_new += len(decision.errors)
        self.counts.taken_over += len(decision.taken_over)
        self.counts.waiting_unchanged += decision.waiting_unchanged
        others = (
            len(decision.messages)
            + len(decision.errors)
            + len(decision.taken_over)
            + decision.waiting_unchanged
        )
        self.counts.unchanged += len(tickets) - others

    def _with_deleted_content(self, given: Sequence[Ticket | DeletionStub]) -> list[Ticket]:
        """Replaces deletion stubs by the deleted version of the ticket's last content.

        Stubs of tickets that were never published and do not wait are dropped: Commons does not know them.
        """
        gone = {one.id for one in given if isinstance(one, DeletionStub)}
        last = self._lookup.contents(gone) if gone else {}
        tickets = []
        for one in given:
            if isinstance(one, Ticket):
                tickets.append(one)
            elif one.id in last:
                tickets.append(one.applied_to(last[one.id]))
            else:
                continue
            if one.id in gone:
                last[one.id] = tickets[-1].content
        return self._clocked(tickets)

    def _clocked(self, tickets: list[Ticket]) -> list[Ticket]:
        """Gives tickets that Zendesk sent without a clock one that is not before the clocks of older versions."""
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

    def resolvable(self) -> Iterator[list[Ticket]]:
        """Batches of waiting tickets whose users have a match now; counts waiting tickets. Raises WarehouseError."""
        waiting = self._waiting()
        self.counts.waiting_total = waiting
        if not waiting or not self._lookup.count().resolvable:  # the usual case: no need to read payloads
            return
        for batch in batches(self._join_errors.resolvable(), self._limits):
            self._clock.advance_past(max(since for _, since in batch))
            yield [ticket for ticket, _ in batch]
            self.counts.waiting_total = self._waiting()

    def _send(self, messages: Sequence[Message]) -> None:
        outcome = self._publisher.publish(messages)
        self._log.record(outcome.published, outcome.refused)
        self.counts.published += len(outcome.published)
        self.counts.refused += len(outcome.refused)
        if outcome.failure is not None:
            raise outcome.failure
