"""Look up the users, last messages and waiting versions of a batch of tickets, in one query."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import msgspec
from cityblock_singer.google.errors import WarehouseError
from google.api_core.exceptions import NotFound

from target_zendesk_pubsub.directory import Person, users_of
from target_zendesk_pubsub.errors import DirectoryError
from target_zendesk_pubsub.messages import decode

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from target_zendesk_pubsub.join_errors import JoinErrors
    from target_zendesk_pubsub.messages import TicketData
    from target_zendesk_pubsub.published_log import PublishedLog
    from target_zendesk_pubsub.tickets import Ticket
    from target_zendesk_pubsub.warehouse import Warehouse

T = TypeVar("T")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNPACKED = "SELECT CAST(id AS INT64) FROM UNNEST(SPLIT(@{}, ',')) AS id WHERE id != ''"


class LastMessage(msgspec.Struct, frozen=True, gc=False):
    """The last published message of a ticket, replays excluded."""

    ticket_id: int
    message_key: str
    event_type: str


class WaitingVersion(msgspec.Struct, frozen=True, gc=False):
    """The version of a waiting ticket."""

    ticket_id: int
    message_key: str
    first_seen_micros: int
    """When the ticket started to wait, in Unix microseconds."""

    @property
    def first_seen_at(self) -> datetime:
        return _moment(self.first_seen_micros)


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
        self, warehouse: Warehouse, directory: str, users: str, log: PublishedLog, join_errors: JoinErrors
    ) -> None:
        self._warehouse, self._directory = warehouse, directory
        self._matched: dict[int, Person] = {}
        self._log, self._join_errors = log, join_errors
        # Ids and results are packed into one value each: as single parameters and rows, they cost Google's client more
        # CPU than the rest of a batch. BigQuery prunes a clustered table by the bounds.
        in_batch = self._in_batch = (
            f"ticket_id BETWEEN @lowest AND @highest AND ticket_id IN ({UNPACKED.format('tickets')})"
        )
        users_in_batch = UNPACKED.format("users")
        self._sql = f"""
            SELECT
              (
                SELECT TO_JSON_STRING(
                  ARRAY_AGG(STRUCT(zendesk_user_id AS zendesk_user_id, kind AS kind, internal_id AS id))
                )
                FROM {directory} WHERE zendesk_user_id IN ({users_in_batch})
              ) AS directory,
              (SELECT TO_JSON_STRING(ARRAY_AGG(id)) FROM {users} WHERE id IN ({users_in_batch})) AS users,
              (
                SELECT TO_JSON_STRING(
                  ARRAY_AGG(STRUCT(ticket_id AS ticket_id, message_key AS message_key, event_type AS event_type))
                )
                FROM (
                  SELECT ticket_id, message_key, JSON_VALUE(attributes, '$.event_type') AS event_type
                  FROM {log.published}
                  WHERE {in_batch} AND replay_of IS NULL
                  QUALIFY ROW_NUMBER() OVER (PARTITION BY ticket_id ORDER BY published_at DESC) = 1
                )
              ) AS published,
              (
                SELECT TO_JSON_STRING(
                  ARRAY_AGG(STRUCT(
                    ticket_id AS ticket_id, message_key AS message_key, UNIX_MICROS(first_seen_at) AS first_seen_micros
                  ))
                )
                FROM ({join_errors.waiting(in_batch)})
              ) AS waiting,
              GREATEST(
                COALESCE((SELECT MAX(UNIX_MICROS(settled_at)) FROM ({log.settlements()}) WHERE {in_batch}), 0),
                COALESCE((SELECT MAX(UNIX_MICROS(inserted_at)) FROM {join_errors.table} WHERE {in_batch}), 0)
              ) AS latest
        """

    def check_directory(self) -> None:
        """Raises DirectoryError if it is missing or empty: no ticket could be published."""
        sql = f"SELECT zendesk_user_id FROM {self._directory} LIMIT 1"
        try:
            found = list(self._warehouse.query(f"directory {self._directory}", sql, {}))
        except WarehouseError as failure:
            if isinstance(failure.__cause__, NotFound):
                raise DirectoryError(
                    f"{self._directory} does not exist: `meltano run tap-to-bigquery` builds it"
                ) from None
            raise
        if not found:
            raise DirectoryError(
                f"{self._directory} is empty: export users (`meltano run tap-to-bigquery`) and check the internal tables it joins"
            )

    def contents(self, ticket_ids: Collection[int]) -> dict[int, TicketData]:
        """The content of the last published or waiting version of each ticket. Raises WarehouseError."""
        sql = f"""
            SELECT ticket_id, data
            FROM (
              SELECT ticket_id, data, published_at AS seen_at
              FROM {self._log.published} WHERE {self._in_batch} AND replay_of IS NULL
              UNION ALL
              SELECT ticket_id, payload AS data, inserted_at AS seen_at
              FROM {self._join_errors.table} WHERE {self._in_batch}
            )
            QUALIFY ROW_NUMBER() OVER (PARTITION BY ticket_id ORDER BY seen_at DESC) = 1
        """
        rows = self._warehouse.query("content of deleted tickets", sql, _ids(ticket_ids))
        return {row.ticket_id: decode(row.data) for row in rows}

    def clocks(self, ticket_ids: Collection[int]) -> dict[int, int]:
        """The latest generated_timestamp of the published and waiting versions of each ticket. Raises WarehouseError."""
        sql = f"""
            SELECT ticket_id, MAX(clock) AS clock
            FROM (
              SELECT ticket_id, SAFE_CAST(JSON_VALUE(attributes, '$.generated_timestamp') AS INT64) AS clock
              FROM {self._log.published} WHERE {self._in_batch} AND replay_of IS NULL
              UNION ALL
              SELECT ticket_id, generated_timestamp AS clock FROM {self._join_errors.table} WHERE {self._in_batch}
            )
            WHERE clock IS NOT NULL
            GROUP BY ticket_id
        """
        return {
            row.ticket_id: row.clock
            for row in self._warehouse.query("clocks of tickets", sql, _ids(ticket_ids))
        }

    def __call__(self, tickets: Sequence[Ticket]) -> Known:
        """Raises WarehouseError."""
        # Matches are looked up once per run. Users without a match are looked up again, as the directory may change.
        user_ids = {user.zendeskUserId for ticket in tickets for _, user in users_of(ticket.content)}
        user_ids -= self._matched.keys()
        ticket_ids = {ticket.id for ticket in tickets}
        parameters = {"users": ",".join(map(str, user_ids)), **_ids(ticket_ids)}
        [row] = self._warehouse.query("lookup of a batch", self._sql, parameters)
        exported = {user_id: Person(user_id) for user_id in _unpacked(row.users, int)}
        self._matched |= {one.zendesk_user_id: one for one in _unpacked(row.directory, Person)}
        return Known(
            exported | self._matched,
            {one.ticket_id: one for one in _unpacked(row.published, LastMessage)},
            {one.ticket_id: one for one in _unpacked(row.waiting, WaitingVersion)},
            _moment(row.latest),
        )


def _ids(ticket_ids: Collection[int]) -> dict[str, int | str]:
    """Query parameters that select these tickets."""
    return {
        "tickets": ",".join(map(str, ticket_ids)),
        "lowest": min(ticket_ids),
        "highest": max(ticket_ids),
    }


def _moment(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def _unpacked(packed: str, kind: type[T]) -> list[T]:
    """Not strict, because BigQuery writes integers from 2^53 on as strings. "null" stands for no rows."""
    return msgspec.json.decode(packed, type=list[kind] | None, strict=False) or []  # type: ignore[valid-type]
