"""What the warehouse knows of a batch of tickets, in one query."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import orjson

from target_zendesk_pubsub.directory import Person, users_of
from target_zendesk_pubsub.errors import DirectoryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_zendesk_pubsub.join_errors import JoinErrors
    from target_zendesk_pubsub.published_log import PublishedLog
    from target_zendesk_pubsub.tickets import Ticket
    from target_zendesk_pubsub.warehouse import Warehouse

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNPACKED = "SELECT CAST(id AS INT64) FROM UNNEST(SPLIT(@{}, ',')) AS id WHERE id != ''"
NOBODY = Person(None, None)


@dataclasses.dataclass(frozen=True, slots=True)
class LastMessage:
    """The last one of a ticket that was published, replays apart."""

    message_key: str
    event_type: str


@dataclasses.dataclass(frozen=True, slots=True)
class Waiting:
    """The version of a ticket that waits for its users."""

    message_key: str
    first_seen_at: datetime


@dataclasses.dataclass(frozen=True)
class Known:
    """`people`: every user of the batch that was exported from Zendesk. The others by ticket id."""

    people: dict[int, Person]
    published: dict[int, LastMessage]
    waiting: dict[int, Waiting]


class Lookup:
    """`directory` and `users`: views of the dataset, zendesk_user_directory and user_latest."""

    def __init__(
        self, warehouse: Warehouse, directory: str, users: str, log: PublishedLog, join_errors: JoinErrors
    ) -> None:
        self._warehouse, self._directory = warehouse, directory
        # Ids go out and parts come back packed into one value each: one by one, they cost Google's client more than all
        # the rest of a batch. The bounds are what BigQuery can prune a clustered table by.
        in_batch = f"ticket_id BETWEEN @lowest AND @highest AND ticket_id IN ({UNPACKED.format('tickets')})"
        users_in_batch = UNPACKED.format("users")
        self._sql = f"""
            SELECT
              (
                SELECT TO_JSON_STRING(ARRAY_AGG(STRUCT(zendesk_user_id AS user, kind AS kind, internal_id AS id)))
                FROM {directory} WHERE zendesk_user_id IN ({users_in_batch})
              ) AS directory,
              (SELECT TO_JSON_STRING(ARRAY_AGG(id)) FROM {users} WHERE id IN ({users_in_batch})) AS users,
              (
                SELECT TO_JSON_STRING(ARRAY_AGG(STRUCT(ticket_id AS ticket, message_key AS key, event AS event)))
                FROM (
                  SELECT ticket_id, message_key, JSON_VALUE(attributes, '$.event_type') AS event
                  FROM {log.published}
                  WHERE {in_batch} AND replay_of IS NULL
                  QUALIFY ROW_NUMBER() OVER (PARTITION BY ticket_id ORDER BY published_at DESC) = 1
                )
              ) AS published,
              (
                SELECT TO_JSON_STRING(
                  ARRAY_AGG(STRUCT(ticket_id AS ticket, message_key AS key, UNIX_MICROS(first_seen_at) AS since))
                )
                FROM ({join_errors.waiting(in_batch)})
              ) AS waiting
        """

    def check_directory(self) -> None:
        """Raises DirectoryError where nobody is in the directory: nothing would ever join."""
        sql = f"SELECT zendesk_user_id FROM {self._directory} LIMIT 1"
        if not list(self._warehouse.query(f"directory {self._directory}", sql, {})):
            raise DirectoryError(
                f"{self._directory} is empty: export users (`meltano run tap-to-bigquery`) and check the internal tables it joins"
            )

    def __call__(self, tickets: Sequence[Ticket]) -> Known:
        """Raises WarehouseError."""
        user_ids = {user.zendeskUserId for ticket in tickets for _, user in users_of(ticket.content)}
        ticket_ids = {ticket.id for ticket in tickets}
        parameters: dict[str, int | str] = {
            "users": ",".join(map(str, user_ids)),
            "tickets": ",".join(map(str, ticket_ids)),
            "lowest": min(ticket_ids),
            "highest": max(ticket_ids),
        }
        [row] = self._warehouse.query("lookup of a batch", self._sql, parameters)
        users, directory, published, waiting = (
            orjson.loads(packed) or []  # "null" where nothing was found
            for packed in (row.users, row.directory, row.published, row.waiting)
        )
        people = dict.fromkeys(map(int, users), NOBODY)
        people |= {int(one["user"]): Person(one["kind"], one["id"]) for one in directory}
        return Known(
            people,
            {int(one["ticket"]): LastMessage(one["key"], one["event"]) for one in published},
            {int(one["ticket"]): Waiting(one["key"], _moment(int(one["since"]))) for one in waiting},
        )


def _moment(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)
