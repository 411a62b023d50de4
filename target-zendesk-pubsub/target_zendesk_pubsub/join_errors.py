"""Tickets that wait for matches of their users in the internal directory.

TICKET_USER_JOIN_ERROR is append-only, and people read it. zendesk_ticket_waiting has a copy of the rows of tickets
that wait now, so that a run reads neither all other rows nor the log. A row without a message key means that the
ticket no longer waits.
"""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import TYPE_CHECKING

from google.cloud.bigquery import SchemaField

from target_zendesk_pubsub.erased_tickets import BLANK, last_erasures
from target_zendesk_pubsub.messages import decode
from target_zendesk_pubsub.tickets import Ticket
from target_zendesk_pubsub.warehouse import Table, encode_row, since

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
COLUMNS = ", ".join(field.name for field in FIELDS)
WAITING = tuple(
    field
    if field.name in ("ticket_id", "inserted_at") or field.mode == "REPEATED"
    else SchemaField(field.name, field.field_type)
    for field in FIELDS
)
COUNTS = """
    (SELECT COUNT(*) FROM waiting) AS waiting_tickets,
    (SELECT COUNT(*) FROM resolvable) AS resolvable_tickets
"""
"""Of a query that begins with `with_resolvable`."""
COMPLETE = {"complete": "true"}
"""Label of zendesk_ticket_waiting: it once had every waiting ticket."""


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
        self.waiting = Table(
            log.published.dataset, "zendesk_ticket_waiting", WAITING, "payload", None, ("ticket_id",)
        )

    def record(self, errors: Iterable[JoinError], settled: Iterable[int], clock: Clock) -> None:
        """Appends rows with a time after all messages of the same tickets: a ticket waits until a later message.

        `settled`: tickets that wait no longer.
        """
        past, now = clock.now(), clock.now()
        rows = [self._row(error, now) for error in errors]
        self._warehouse.append(self.table, rows)
        ended = [encode_row({"ticket_id": number, "inserted_at": past}) for number in settled]
        self._warehouse.append(self.waiting, [*ended, *rows])

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

    def catch_up(self, first: datetime | None) -> None:
        """Makes zendesk_ticket_waiting follow the other tables from `first` on, None: from their beginning.

        What a killed run or an older release wrote is not in it yet. May be repeated. Rows of a clock that was ahead
        stay, because later ones must follow them. Raises WarehouseError.
        """
        sql = f"""
            MERGE {self.waiting} AS kept
            USING (
              SELECT error.*
              FROM (
                SELECT *
                FROM (
                  SELECT {COLUMNS} FROM {self.waiting}
                  UNION ALL
                  SELECT {COLUMNS} FROM {self.table} WHERE {since("inserted_at", first)}
                )
                WHERE TRUE
                QUALIFY ROW_NUMBER() OVER (PARTITION BY ticket_id ORDER BY inserted_at DESC) = 1
              ) AS error
              LEFT JOIN (
                SELECT ticket_id, MAX(settled_at) AS settled_at
                FROM ({self._log.settlements(first=first)})
                GROUP BY ticket_id
              ) AS settled ON settled.ticket_id = error.ticket_id
              WHERE error.message_key IS NOT NULL
                AND (settled.settled_at IS NULL OR settled.settled_at < error.inserted_at)
            ) AS error
            ON kept.ticket_id = error.ticket_id AND kept.inserted_at = error.inserted_at
            WHEN NOT MATCHED BY TARGET THEN INSERT ({COLUMNS})
            VALUES ({", ".join(f"error.{field.name}" for field in FIELDS)})
            WHEN NOT MATCHED BY SOURCE AND kept.inserted_at <= CURRENT_TIMESTAMP() THEN DELETE
        """
        self._warehouse.execute("waiting tickets", sql, {})
        if first is None:
            self.complete()

    def complete(self) -> None:
        """Marks zendesk_ticket_waiting as complete. Raises WarehouseError."""
        self._warehouse.label(self.waiting, COMPLETE)

    def last(self, condition: str = "TRUE") -> str:
        """SQL of the last row of each ticket in zendesk_ticket_waiting. `condition`: on ticket_id."""
        return f"""
            SELECT * FROM {self.waiting} WHERE {condition}
            QUALIFY ROW_NUMBER() OVER (PARTITION BY ticket_id ORDER BY inserted_at DESC) = 1
        """

    def resolvable(self) -> Iterator[tuple[tuple[Ticket, datetime], int]]:
        """Waiting tickets whose users have a match now, without erased ones: ((ticket, time of its row), size in bytes), oldest row first.

        Raises WarehouseError.
        """
        sql = f"""
            {self.with_resolvable()}
            SELECT waiting.payload, waiting.generated_timestamp, waiting.inserted_at
            FROM waiting
            JOIN resolvable ON resolvable.ticket_id = waiting.ticket_id
            LEFT JOIN ({last_erasures(self._log.erased)}) AS erased ON erased.ticket_id = waiting.ticket_id
            WHERE waiting.payload != '{BLANK}'
              AND (erased.erased_at IS NULL OR erased.erased_at < waiting.inserted_at)
            ORDER BY waiting.inserted_at, waiting.ticket_id
        """
        for row in self._warehouse.query("resolvable tickets", sql, {}):
            ticket = Ticket(row.generated_timestamp, decode(row.payload))
            yield (ticket, row.inserted_at), len(row.payload)

    def with_resolvable(self) -> str:
        return f"""
            WITH waiting AS (SELECT * FROM ({self.last()}) WHERE message_key IS NOT NULL),
            resolvable AS (
              SELECT waiting.ticket_id
              FROM waiting
              CROSS JOIN UNNEST(waiting.unjoined) AS missing
              LEFT JOIN {self._directory} AS directory ON directory.zendesk_user_id = missing.zendesk_user_id
              GROUP BY waiting.ticket_id
              HAVING COUNTIF(directory.zendesk_user_id IS NULL) = 0
            )
        """
