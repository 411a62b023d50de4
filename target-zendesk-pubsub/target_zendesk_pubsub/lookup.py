"""Look up the users, last messages and waiting versions of a batch of tickets, in one query."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import msgspec

from target_zendesk_pubsub.directory import Person, users_of
from target_zendesk_pubsub.erased_tickets import BLANK, EVENT
from target_zendesk_pubsub.errors import DirectoryError
from target_zendesk_pubsub.join_errors import COUNTS, WaitingCounts
from target_zendesk_pubsub.messages import decode
from target_zendesk_pubsub.warehouse import moment

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from google.cloud.bigquery import Row

    from target_zendesk_pubsub.join_errors import JoinErrors
    from target_zendesk_pubsub.last_messages import LastMessages
    from target_zendesk_pubsub.messages import TicketData
    from target_zendesk_pubsub.tickets import Ticket
    from target_zendesk_pubsub.warehouse import Warehouse

T = TypeVar("T")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_LITERALS = 1_000
"""Ids in the text of a query. With literals, BigQuery prunes partitions of zendesk_ticket_state and clusters. More
ids, as in a first run, are in most partitions, and as literals would cost more time than they save.
"""


class LastMessage(msgspec.Struct, frozen=True, gc=False):
    """The last published message of a ticket, replays excluded."""

    ticket_id: int
    message_key: str
    event_type: str
    published_micros: int = 0
    """In Unix microseconds."""
    generated_timestamp: int | None = None
    """The latest of the ticket's messages, None if the legacy system published them."""

    def is_erased(self, ticket: Ticket) -> bool:
        """Whether this message has erased that version of the ticket: Zendesk exported the version again, or a run
        under way had already read it.
        """
        return (
            self.event_type == "erased"
            and ticket.is_clocked
            and ticket.generated_timestamp <= (self.generated_timestamp or 0)
        )


class WaitingVersion(msgspec.Struct, frozen=True, gc=False):
    """The version of a waiting ticket. Without a key: the ticket waits no longer."""

    ticket_id: int
    message_key: str | None
    first_seen_micros: int | None
    """When the ticket started to wait, in Unix microseconds."""
    inserted_micros: int

    @property
    def first_seen_at(self) -> datetime:
        return _moment(self.first_seen_micros or 0)


@dataclasses.dataclass(frozen=True)
class Known:
    """`people`: by user id, at least every exported user of the batch. `published` and `waiting`: by ticket id."""

    people: dict[int, Person]
    published: dict[int, LastMessage]
    waiting: dict[int, WaitingVersion]
    latest: datetime
    """Time of the latest row of these tickets; new rows must be later."""


class Lookup:
    """`directory` and `users`: views of the dataset, zendesk_user_directory and user_latest."""

    def __init__(
        self,
        warehouse: Warehouse,
        directory: str,
        users: str,
        last_messages: LastMessages,
        join_errors: JoinErrors,
    ) -> None:
        self._warehouse, self._directory, self._users = warehouse, directory, users
        self._matched: dict[int, Person] = {}
        self._last_messages, self._join_errors = last_messages, join_errors
        self._counts: WaitingCounts | None = None

    def check_directory(self) -> None:
        """Raises DirectoryError if it does not exist: no ticket could be published."""
        if self._warehouse.find(self._directory) is None:
            raise DirectoryError(f"{self._directory} does not exist: `meltano run tap-to-bigquery` builds it")

    def count(self) -> WaitingCounts:
        """Waiting tickets as of the first lookup, else as of now. Raises DirectoryError, WarehouseError."""
        if self._counts is None:
            sql = f"{self._join_errors.with_resolvable()} SELECT {self._totals}"
            [row] = self._warehouse.query("waiting tickets", sql, {})
            self._counts = self._counted(row)
        return self._counts

    def __call__(self, tickets: Sequence[Ticket]) -> Known:
        """Raises DirectoryError, WarehouseError."""
        # Matches are looked up once per run. Users without a match are looked up again, as the directory may change.
        user_ids = {user.zendeskUserId for ticket in tickets for _, user in users_of(ticket.content)}
        user_ids -= self._matched.keys()
        is_ticket, parameters = selected("ticket_id", {ticket.id for ticket in tickets})
        is_user, more = selected("zendesk_user_id", user_ids)
        sql = self._sql(is_ticket, is_user)
        [row] = self._warehouse.query("lookup of a batch", sql, {**parameters, **more})
        if self._counts is None:
            self._counts = self._counted(row)
        exported = {user_id: Person(user_id) for user_id in _unpacked(row.users, list[int])}
        self._matched |= {one.zendesk_user_id: one for one in _unpacked(row.directory, list[Person])}
        published = _unpacked(row.published, list[LastMessage])
        waiting = _unpacked(row.waiting, list[WaitingVersion])
        times = [one.published_micros for one in published] + [one.inserted_micros for one in waiting]
        return Known(
            exported | self._matched,
            {one.ticket_id: one for one in published},
            {one.ticket_id: one for one in waiting if one.message_key is not None},
            _moment(max(times, default=0)),
        )

    def _sql(self, is_ticket: str, is_user: str) -> str:
        """The first query of a run also counts waiting tickets, so that the directory is read once."""
        before, totals = "", ""
        if self._counts is None:
            before, totals = self._join_errors.with_resolvable(), f", {self._totals}"
        # Results are packed into one value each: as rows, they cost Google's client more CPU than the rest of a batch.
        return f"""
            {before}
            SELECT
              (
                SELECT TO_JSON_STRING(
                  ARRAY_AGG(STRUCT(zendesk_user_id AS zendesk_user_id, kind AS kind, internal_id AS id))
                )
                FROM {self._directory} WHERE {is_user}
              ) AS directory,
              (
                SELECT TO_JSON_STRING(ARRAY_AGG(zendesk_user_id))
                FROM (SELECT id AS zendesk_user_id FROM {self._users}) WHERE {is_user}
              ) AS users,
              (
                SELECT TO_JSON_STRING(ARRAY_AGG(STRUCT(
                  ticket_id AS ticket_id, message_key AS message_key, event_type AS event_type,
                  UNIX_MICROS(published_at) AS published_micros, generated_timestamp AS generated_timestamp
                )))
                FROM (
                  SELECT * FROM ({self._last_messages.rows(is_ticket)}) WHERE TRUE
                  QUALIFY ROW_NUMBER() OVER (PARTITION BY ticket_id ORDER BY published_at DESC) = 1
                )
              ) AS published,
              (
                SELECT TO_JSON_STRING(ARRAY_AGG(STRUCT(
                  ticket_id AS ticket_id, message_key AS message_key,
                  UNIX_MICROS(first_seen_at) AS first_seen_micros, UNIX_MICROS(inserted_at) AS inserted_micros
                )))
                FROM ({self._join_errors.last(is_ticket)})
              ) AS waiting
              {totals}
        """

    @property
    def _totals(self) -> str:
        return f"{COUNTS}, (SELECT COUNT(*) FROM (SELECT 1 FROM {self._directory} LIMIT 1)) AS people"

    def _counted(self, row: Row) -> WaitingCounts:
        """Raises DirectoryError if the directory is empty."""
        if not row.people:
            raise DirectoryError(
                f"{self._directory} is empty: export users (`meltano run tap-to-bigquery`) and check the internal tables it joins"
            )
        return WaitingCounts(row.waiting_tickets, row.resolvable_tickets)

    def contents(self, ticket_ids: Collection[int]) -> dict[int, TicketData]:
        """The content of the last published or waiting version of each ticket that was not erased since.

        Raises WarehouseError.
        """
        is_ticket, parameters = selected("ticket_id", ticket_ids)
        [row] = self._warehouse.query("last messages of deleted tickets", self._times(is_ticket), parameters)
        published = "FALSE"
        if row.first is not None:
            published = f"published_at BETWEEN {moment(row.first)} AND {moment(row.last)}"
        sql = f"""
            SELECT ticket_id, data
            FROM (
              SELECT ticket_id, data, published_at AS seen_at, {EVENT} AS event_type
              FROM {self._last_messages.log.published}
              WHERE {is_ticket} AND replay_of IS NULL AND {published}
              UNION ALL
              SELECT ticket_id, payload AS data, inserted_at AS seen_at, CAST(NULL AS STRING) AS event_type
              FROM ({self._join_errors.last(is_ticket)})
              WHERE message_key IS NOT NULL
            )
            WHERE TRUE
            QUALIFY ROW_NUMBER() OVER (PARTITION BY ticket_id ORDER BY seen_at DESC) = 1
              AND data != '{BLANK}' AND COALESCE(event_type, '') != 'erased'
        """
        rows = self._warehouse.query("content of deleted tickets", sql, parameters)
        return {row.ticket_id: decode(row.data) for row in rows}

    def _times(self, is_ticket: str) -> str:
        """SQL of when the last messages of these tickets were published: the earliest and the latest time."""
        return f"""
            SELECT MIN(published_at) AS first, MAX(published_at) AS last
            FROM (
              SELECT ticket_id, MAX(published_at) AS published_at
              FROM ({self._last_messages.rows(is_ticket)})
              GROUP BY ticket_id
            )
        """

    def clocks(self, ticket_ids: Collection[int]) -> dict[int, int]:
        """The latest generated_timestamp of the published and waiting versions of each ticket. Raises WarehouseError."""
        is_ticket, parameters = selected("ticket_id", ticket_ids)
        tables = [f"({self._last_messages.rows(is_ticket)})", str(self._join_errors.table)]
        if self._last_messages.until is not None:  # else the tables of this release may not be there yet
            tables.append(str(self._join_errors.waiting))  # whose rows are kept for longer
        versions = " UNION ALL ".join(
            f"SELECT ticket_id, generated_timestamp FROM {table} WHERE {is_ticket}" for table in tables
        )
        sql = f"""
            SELECT ticket_id, MAX(generated_timestamp) AS clock
            FROM ({versions})
            WHERE generated_timestamp IS NOT NULL
            GROUP BY ticket_id
        """
        rows = self._warehouse.query("clocks of tickets", sql, parameters)
        return {row.ticket_id: row.clock for row in rows}


def selected(column: str, ids: Collection[int]) -> tuple[str, dict[str, int | str]]:
    """SQL condition and its query parameters."""
    if len(ids) <= MOST_LITERALS:
        return f"{column} IN ({', '.join(map(str, sorted(ids))) or 'NULL'})", {}
    bounds = f"{column} BETWEEN @lowest_{column} AND @highest_{column}"
    unpacked = f"SELECT CAST(id AS INT64) FROM UNNEST(SPLIT(@{column}s, ',')) AS id"
    return f"{bounds} AND {column} IN ({unpacked})", {
        f"{column}s": ",".join(map(str, ids)),
        f"lowest_{column}": min(ids),
        f"highest_{column}": max(ids),
    }


def _moment(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def _unpacked(packed: str, kind: type[list[T]]) -> list[T]:
    """Not strict, because BigQuery writes integers from 2^53 on as strings. "null" stands for no rows."""
    return msgspec.json.decode(packed, type=kind | None, strict=False) or []
