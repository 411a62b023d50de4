"""Compares tickets with their last messages, by the publisher's own decision: what would it still have to publish?"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec
from target_zendesk_pubsub.decisions import decide
from target_zendesk_pubsub.errors import DirectoryError
from target_zendesk_pubsub.join_errors import JoinErrors
from target_zendesk_pubsub.last_messages import LastMessages
from target_zendesk_pubsub.lookup import Lookup
from target_zendesk_pubsub.published_log import PublishedLog
from target_zendesk_pubsub.tickets import Record, Ticket, ticket_of

from zendesk_reconciliation.result import Result
from zendesk_reconciliation.verdicts import Alike, Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from target_zendesk_pubsub.lookup import Known
    from target_zendesk_pubsub.warehouse import Warehouse

    from zendesk_reconciliation.zendesk import Json

NAME = "message"


class Messages:
    """`datasets`: of the views, and of the log."""

    def __init__(self, warehouse: Warehouse, datasets: tuple[str, str], environment: str) -> None:
        dataset, messages_dataset = datasets
        self._warehouse, self._environment = warehouse, environment
        directory, users = f"{dataset}.zendesk_user_directory", f"{dataset}.user_latest"
        self._log = PublishedLog(warehouse, messages_dataset, "", "")
        self._last = LastMessages(warehouse, messages_dataset, self._log)
        self._errors = JoinErrors(warehouse, dataset, directory, self._log, "")
        self._lookup = Lookup(warehouse, directory, users, self._last, self._errors)
        self.result = Result(NAME)

    def compare(self, objects: Iterable[Json]) -> Result:
        """`objects`: tickets as Zendesk returns them now. Raises PluginError."""
        missing = [
            one for one in (*self._log.tables, self._errors.waiting) if self._warehouse.find(one) is None
        ]
        if missing:
            self.result.not_compared.append(f"{missing[0]} does not exist: has tap-to-pubsub run yet?")
            return self.result
        tickets = list(_tickets(objects))
        self.result.drawn_there = len(tickets)
        try:
            self._lookup.check_directory()
            self._last.read_until()
            known = self._lookup(tickets)
        except DirectoryError as cause:
            self.result.not_compared.append(str(cause))
            return self.result
        self._judge(tickets, known)
        return self.result

    def _judge(self, tickets: list[Ticket], known: Known) -> None:
        """A run of tap-to-pubsub reads tickets in the order of their clocks, so it has read all before the latest."""
        reached = self._reached()
        decision = decide(tickets, known, self._environment)
        undone = {one.ticket_id for one in decision.messages} | {one.ticket.id for one in decision.errors}
        refused = self._refused(undone)
        alike: Counter[Alike] = Counter()
        for ticket in tickets:
            last = known.published.get(ticket.id)
            if ticket.id not in undone:
                is_waiting = ticket.id in known.waiting
                is_erased = last is not None and last.is_erased(ticket)
                alike[Alike.WAITING if is_waiting else Alike.ERASED if is_erased else Alike.EQUAL] += 1
            elif ticket.generated_timestamp >= reached:
                alike[Alike.CHANGED_SINCE] += 1
            elif ticket.id in refused:
                alike[Alike.REFUSED] += 1
            elif last is not None and ticket.generated_timestamp <= (last.generated_timestamp or 0):
                alike[Alike.MATCHED_SINCE] += 1
            else:
                verdict = Verdict.UNPUBLISHED if last is None else Verdict.OUTDATED
                clock = ticket.generated_timestamp
                self.result.findings[ticket.id] = Finding(NAME, ticket.id, verdict, clock, clock)
        self.result.alike = alike

    def _reached(self) -> int:
        """The latest clock of a ticket that was published, or waits. Raises WarehouseError."""
        sql = f"""
            SELECT MAX(generated_timestamp) AS clock
            FROM (
              SELECT generated_timestamp FROM ({self._last.rows("TRUE")})
              UNION ALL
              SELECT generated_timestamp FROM {self._errors.waiting}
            )
        """
        [row] = self._warehouse.query("latest message", sql, {})
        return row.clock or 0

    def _refused(self, tickets: Collection[int]) -> set[int]:
        """Tickets with a message that Pub/Sub has refused. Raises WarehouseError."""
        if not tickets:
            return set()
        ids = ", ".join(map(str, sorted(tickets)))
        sql = f"SELECT DISTINCT ticket_id FROM {self._log.refused} WHERE ticket_id IN ({ids})"
        return {row.ticket_id for row in self._warehouse.query("refused messages", sql, {})}


def _tickets(objects: Iterable[Json]) -> Iterator[Ticket]:
    """Those that the publisher can read; the others are rejected records."""
    for one in objects:
        try:
            ticket = ticket_of(msgspec.convert(one, Record))
        except msgspec.ValidationError:
            continue
        if isinstance(ticket, Ticket):
            yield ticket
