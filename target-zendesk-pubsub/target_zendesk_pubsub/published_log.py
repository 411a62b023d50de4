"""Tables of published messages, publish intents and refused messages in the messages dataset."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import msgspec
from google.cloud.bigquery import SchemaField

from target_zendesk_pubsub.erased_tickets import BLANK, erased_table, last_erasures
from target_zendesk_pubsub.messages import Message, new_message
from target_zendesk_pubsub.warehouse import Table, encode_row, since

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from target_zendesk_pubsub.clock import Clock
    from target_zendesk_pubsub.warehouse import Warehouse

INTENTS_KEPT_DAYS = 14
"""How long after an interrupted run the next one can still publish its pending messages."""

MESSAGE = (
    SchemaField("message_key", "STRING", "REQUIRED"),
    SchemaField("ticket_id", "INTEGER", "REQUIRED"),
    SchemaField("ordering_key", "STRING", "REQUIRED"),
    SchemaField("attributes", "STRING", "REQUIRED", description="JSON, including ticket_id"),
    SchemaField("data", "STRING", "REQUIRED", description="JSON by the contract"),
)
PUBLISHED = (
    SchemaField("message_id", "STRING", "REQUIRED", description="Pub/Sub's"),
    *MESSAGE[:2],
    SchemaField("topic", "STRING", "REQUIRED"),
    *MESSAGE[2:],
    SchemaField("published_at", "TIMESTAMP", "REQUIRED"),
    SchemaField("replay_of", "STRING", description="message_id of the message that was published again"),
)
INTENT = (*MESSAGE, SchemaField("intended_at", "TIMESTAMP", "REQUIRED"))
REFUSED = (
    *MESSAGE,
    SchemaField("reason", "STRING", "REQUIRED"),
    SchemaField("refused_at", "TIMESTAMP", "REQUIRED"),
    SchemaField("run_id", "STRING", "REQUIRED"),
)


class Published(msgspec.Struct, frozen=True, gc=False):
    """A message that Pub/Sub accepted."""

    message: Message
    message_id: str
    published_at: datetime
    replay_of: str | None = None


class Refused(msgspec.Struct, frozen=True, gc=False):
    """A message that Pub/Sub refused for good."""

    message: Message
    reason: str
    refused_at: datetime


class Selection(msgspec.Struct, frozen=True):
    """Messages published in [`since`, `until`), of `tickets` only unless empty; replays excluded."""

    since: datetime
    until: datetime
    tickets: tuple[int, ...]


class Selected(msgspec.Struct, frozen=True):
    """Size of a selection."""

    messages: int
    tickets: int


class Logged(msgspec.Struct, frozen=True):
    """A logged message, its message id, and when it was published."""

    message: Message
    message_id: str
    published_at: datetime


class PublishedLog:
    """`topic`: its full name, for the column topic."""

    def __init__(self, warehouse: Warehouse, dataset: str, topic: str, run_id: str) -> None:
        self._warehouse, self._topic, self._run_id = warehouse, topic, run_id
        self.published = Table(dataset, "zendesk_ticket", PUBLISHED, "data", "published_at", ("ticket_id",))
        self.intents = Table(
            dataset,
            "zendesk_ticket_intent",
            INTENT,
            "data",
            "intended_at",
            ("ticket_id",),
            INTENTS_KEPT_DAYS,
        )
        self.refused = Table(dataset, "zendesk_ticket_refused", REFUSED, "data", "refused_at", ("ticket_id",))
        self.erased = erased_table(dataset)

    @property
    def tables(self) -> tuple[Table, ...]:
        return self.published, self.intents, self.refused, self.erased

    def intend(self, messages: Iterable[Message], clock: Clock) -> None:
        """Call it before publishing, so that the next run knows what an interrupted run may have published."""
        self._warehouse.append(self.intents, (_row(one, intended_at=clock.now()) for one in messages))

    def record(self, published: Iterable[Published], refused: Iterable[Refused]) -> None:
        """Call it after Pub/Sub's answers. These rows settle the intents."""
        self._warehouse.append(
            self.refused,
            (
                _row(one.message, reason=one.reason, refused_at=one.refused_at, run_id=self._run_id)
                for one in refused
            ),
        )
        self._warehouse.append(
            self.published,
            (
                _row(
                    one.message,
                    message_id=one.message_id,
                    topic=self._topic,
                    published_at=one.published_at,
                    replay_of=one.replay_of,
                )
                for one in published
            ),
        )

    def take_over(self, messages: Iterable[Message], clock: Clock) -> None:
        """Logs messages that the legacy system published, with generated message ids."""
        self.record([Published(one, f"taken-over-{uuid.uuid4().hex}", clock.now()) for one in messages], [])

    def pending(self) -> Iterator[tuple[tuple[Message, datetime], int]]:
        """Intents of earlier runs without a later log row of the same ticket and key, in order; without erased ones.

        Yields ((message, time of the intent), size in bytes). Raises WarehouseError.
        """
        what = "intents of earlier runs"
        [row] = self._warehouse.query(what, self._pending_intents("COUNT(*) AS count"), {})
        if row.count:  # usually none: no payload is read
            rows = self._warehouse.query(
                what, f"{self._pending_intents('intent.*')} ORDER BY intent.intended_at", {}
            )
            for row in rows:
                yield (message_of(row), row.intended_at), len(row.data)

    def count(self, selection: Selection) -> Selected:
        """Raises WarehouseError."""
        sql = f"SELECT COUNT(*) AS messages, COUNT(DISTINCT log.ticket_id) AS tickets {self._selected(selection)}"
        [row] = self._warehouse.query("messages to replay", sql, {})
        return Selected(row.messages, row.tickets)

    def read(self, selection: Selection) -> Iterator[Logged]:
        """In order of publication. Raises WarehouseError."""
        sql = f"SELECT log.* {self._selected(selection)} ORDER BY log.published_at"
        for row in self._warehouse.query("messages to replay", sql, {}):
            yield Logged(message_of(row), row.message_id, row.published_at)

    def erasures(self, first: datetime) -> dict[int, datetime]:
        """When each ticket was erased last, if that was from `first` on. Raises WarehouseError."""
        rows = self._warehouse.query("erased tickets", last_erasures(self.erased, first), {})
        return {row.ticket_id: row.erased_at for row in rows}

    def _selected(self, selection: Selection) -> str:
        tickets = ", ".join(map(str, selection.tickets))
        return (
            f"FROM {self.published} AS log "
            f"LEFT JOIN ({last_erasures(self.erased)}) AS erased ON erased.ticket_id = log.ticket_id "
            "WHERE log.replay_of IS NULL "
            f"AND log.published_at >= TIMESTAMP '{selection.since.isoformat()}' "
            f"AND log.published_at < TIMESTAMP '{selection.until.isoformat()}' "
            f"AND log.data != '{BLANK}' AND (erased.erased_at IS NULL OR erased.erased_at < log.published_at)"
            + (f" AND log.ticket_id IN ({tickets})" if tickets else "")
        )

    def _pending_intents(self, columns: str) -> str:
        return f"""
            SELECT {columns}
            FROM {self.intents} AS intent
            LEFT JOIN (
              SELECT ticket_id, message_key, MAX(settled_at) AS settled_at
              FROM ({self.settlements("message_key")})
              WHERE settled_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {INTENTS_KEPT_DAYS + 1} DAY)
              GROUP BY ticket_id, message_key
            ) AS settled ON settled.ticket_id = intent.ticket_id AND settled.message_key = intent.message_key
            LEFT JOIN ({last_erasures(self.erased)}) AS erased ON erased.ticket_id = intent.ticket_id
            WHERE (settled.settled_at IS NULL OR settled.settled_at < intent.intended_at)
              AND intent.data != '{BLANK}' AND (erased.erased_at IS NULL OR erased.erased_at < intent.intended_at)
        """

    def settlements(self, *columns: str, first: datetime | None = None) -> str:
        """SQL of ticket_id, settled_at (when a message was published or refused, from `first` on), and these columns."""
        more = "".join(f", {column}" for column in columns)
        return (
            f"SELECT ticket_id, published_at AS settled_at{more} FROM {self.published} "
            f"WHERE replay_of IS NULL AND {since('published_at', first)} "
            f"UNION ALL SELECT ticket_id, refused_at AS settled_at{more} FROM {self.refused} "
            f"WHERE {since('refused_at', first)}"
        )


def message_of(row: Any) -> Message:  # noqa: ANN401 - a BigQuery row
    """The message of a row of any of the three tables."""
    attributes = msgspec.json.decode(row.attributes, type=dict[str, str])
    return new_message(row.ticket_id, row.message_key, attributes, row.data.encode())


def _row(message: Message, **more: str | datetime | None) -> bytes:
    """JSON object of the message's columns and these."""
    return b"%b,%b" % (message.columns, encode_row(more)[1:])
