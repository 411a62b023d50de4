"""TICKET_USER_JOIN_ERROR: tickets that wait for matches of their users in the internal directory."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import TYPE_CHECKING

from google.cloud.bigquery import SchemaField

from target_zendesk_pubsub.messages import decode
from target_zendesk_pubsub.tickets import Ticket
from target_zendesk_pubsub.warehouse import Table, encode_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from target_zendesk_pubsub.clock import Clock
    from target_zendesk_pubsub.directory import UnmatchedUser
    from target_zendesk_pubsub.published_log import PublishedLog
    from target_zendesk_pubsub.warehouse import Warehouse

FIELDS = (
    SchemaField("ticket_id", "INTEGER", "REQUIRED"),
    SchemaField("ticket_updated_at", "TIMESTAMP", "REQUIRED"),
    SchemaField(
        "unjoined",
        "RECORD",
        "REPEATED",
        fields=(
            SchemaField("field", "STRING", "REQUIRED"),
            SchemaField("zendesk_user_id", "INTEGER", "REQUIRED"),
            SchemaField("reason", "STRING", "REQUIRED"),
        ),
    ),
    SchemaField(
        "payload", "STRING", "REQUIRED", description="JSON: the message, with users without a match empty"
    ),
    SchemaField("message_key", "STRING", "REQUIRED", description="of the payload"),
    SchemaField("generated_timestamp", "INTEGER", "REQUIRED"),
    SchemaField("first_seen_at", "TIMESTAMP", "REQUIRED"),
    SchemaField("inserted_at", "TIMESTAMP", "REQUIRED"),
    SchemaField("run_id", "STRING", "REQUIRED"),
)


@dataclasses.dataclass(frozen=True, slots=True)
class JoinError:
    """A version of a waiting ticket. `first_seen_at`: when the ticket started to wait; None: now."""

    ticket: Ticket
    unmatched: list[UnmatchedUser]
    payload: bytes
    message_key: str
    first_seen_at: datetime | None


@dataclasses.dataclass(frozen=True)
class WaitingCounts:
    """`resolvable`: waiting tickets whose users have a match now."""

    tickets: int
    resolvable: int


class JoinErrors:
    """`directory`: the view that matches Zendesk users to internal people."""

    def __init__(
        self, warehouse: Warehouse, dataset: str, directory: str, log: PublishedLog, run_id: str
    ) -> None:
        self._warehouse, self._directory, self._log, self._run_id = warehouse, directory, log, run_id
        self.table = Table(
            dataset, "TICKET_USER_JOIN_ERROR", FIELDS, "payload", "inserted_at", ("ticket_id",)
        )

    def ensure(self) -> None:
        self._warehouse.ensure(self.table)

    def record(self, errors: Iterable[JoinError], clock: Clock) -> None:
        """Appends rows with a time after all messages of the same tickets: a ticket waits until a later message."""
        now = clock.now()
        self._warehouse.append(self.table, (self._row(error, now) for error in errors))

    def _row(self, error: JoinError, now: datetime) -> bytes:
        row = {
            "ticket_id": error.ticket.id,
            "ticket_updated_at": datetime.fromisoformat(error.ticket.content.updated_at),
            "unjoined": error.unmatched,
            "payload": error.payload.decode(),
            "message_key": error.message_key,
            "generated_timestamp": error.ticket.generated_timestamp,
            "first_seen_at": error.first_seen_at or now,
            "inserted_at": now,
            "run_id": self._run_id,
        }
        return encode_row(row)

    def waiting(self, condition: str = "TRUE") -> str:
        """SQL of the waiting rows, at most one per ticket. `condition` on ticket_id limits what is read.

        The view TICKET_USER_JOIN_ERROR_latest has the same rule: change both together.
        """
        return f"""
            SELECT error.*
            FROM (
              SELECT * FROM {self.table} WHERE {condition}
              QUALIFY ROW_NUMBER() OVER (PARTITION BY ticket_id ORDER BY inserted_at DESC) = 1
            ) AS error
            LEFT JOIN (
              SELECT ticket_id, MAX(settled_at) AS settled_at
              FROM ({self._log.settlements()}) WHERE {condition}
              GROUP BY ticket_id
            ) AS settled ON settled.ticket_id = error.ticket_id
            WHERE settled.settled_at IS NULL OR settled.settled_at < error.inserted_at
        """

    def count(self) -> WaitingCounts:
        """Raises WarehouseError."""
        sql = f"""
            {self._with_resolvable()}
            SELECT (SELECT COUNT(*) FROM waiting) AS tickets, (SELECT COUNT(*) FROM resolvable) AS resolvable
        """
        [row] = self._warehouse.query("waiting tickets", sql, {})
        return WaitingCounts(row.tickets, row.resolvable)

    def resolvable(self) -> Iterator[tuple[tuple[Ticket, datetime], int]]:
        """Waiting tickets whose users have a match now: ((ticket, time of its row), size in bytes), oldest row first.

        Raises WarehouseError.
        """
        sql = f"""
            {self._with_resolvable()}
            SELECT waiting.payload, waiting.generated_timestamp, waiting.inserted_at
            FROM waiting
            JOIN resolvable ON resolvable.ticket_id = waiting.ticket_id
            ORDER BY waiting.inserted_at, waiting.ticket_id
        """
        for row in self._warehouse.query("resolvable tickets", sql, {}):
            ticket = Ticket(row.generated_timestamp, decode(row.payload))
            yield (ticket, row.inserted_at), len(row.payload)

    def _with_resolvable(self) -> str:
        return f"""
            WITH waiting AS ({self.waiting()}),
            resolvable AS (
              SELECT waiting.ticket_id
              FROM waiting
              CROSS JOIN UNNEST(waiting.unjoined) AS missing
              LEFT JOIN {self._directory} AS directory ON directory.zendesk_user_id = missing.zendesk_user_id
              GROUP BY waiting.ticket_id
              HAVING COUNTIF(directory.zendesk_user_id IS NULL) = 0
            )
        """
