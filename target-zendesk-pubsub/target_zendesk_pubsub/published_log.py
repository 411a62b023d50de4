"""What was published, what was about to be, and what Pub/Sub would not take: three tables of the messages dataset."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import msgspec
from google.cloud.bigquery import SchemaField

from target_zendesk_pubsub.messages import Message, new_message
from target_zendesk_pubsub.warehouse import Table, encode_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from target_zendesk_pubsub.clock import Clock
    from target_zendesk_pubsub.warehouse import Warehouse

INTENTS_KEPT_DAYS = 14
"""How long after a killed run the next one still knows what it may have published."""

MESSAGE = (
    SchemaField("message_key", "STRING", "REQUIRED"),
    SchemaField("ticket_id", "INTEGER", "REQUIRED"),
    SchemaField("ordering_key", "STRING", "REQUIRED"),
    SchemaField("attributes", "STRING", "REQUIRED", description="JSON, ticket_id among it"),
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
    """A message that Pub/Sub has taken."""

    message: Message
    message_id: str
    published_at: datetime
    replay_of: str | None = None


class Refused(msgspec.Struct, frozen=True, gc=False):
    """A message that Pub/Sub will never take."""

    message: Message
    reason: str
    refused_at: datetime


class Selection(msgspec.Struct, frozen=True):
    """Messages first published from `since` to before `until`; of these tickets, if any are named."""

    since: datetime
    until: datetime
    tickets: tuple[int, ...]


class Selected(msgspec.Struct, frozen=True):
    """How much a selection is."""

    messages: int
    tickets: int


class Logged(msgspec.Struct, frozen=True):
    """A message of the log, and the id it had."""

    message: Message
    message_id: str


class PublishedLog:
    """`topic`: the whole name that rows tell."""

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

    @property
    def tables(self) -> tuple[Table, ...]:
        return self.published, self.intents, self.refused

    def ensure(self) -> None:
        for table in self.tables:
            self._warehouse.ensure(table)

    def intend(self, messages: Iterable[Message], clock: Clock) -> None:
        """Before anything is sent: a run that dies meanwhile leaves behind what it may have sent."""
        self._warehouse.append(self.intents, (_row(one, intended_at=clock.now()) for one in messages))

    def record(self, published: Iterable[Published], refused: Iterable[Refused]) -> None:
        """After Pub/Sub has answered: with these rows an intent is settled."""
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
        """What the replaced system has published, in its own form: logged as published now, under an id of ours."""
        self.record([Published(one, f"taken-over-{uuid.uuid4().hex}", clock.now()) for one in messages], [])

    def pending(self) -> Iterator[tuple[tuple[Message, datetime], int]]:
        """What an earlier run was about to publish and never logged, when, and its size in bytes; in its order.

        Settled is an intent with a later row of the same ticket and key. Raises WarehouseError.
        """
        what = "intents of earlier runs"
        [row] = self._warehouse.query(what, self._unsettled("COUNT(*) AS count"), {})
        if row.count:  # as a rule there are none, and no payload is read
            rows = self._warehouse.query(
                what, f"{self._unsettled('intent.*')} ORDER BY intent.intended_at", {}
            )
            for row in rows:
                yield (message_of(row), row.intended_at), len(row.data)

    def count(self, selection: Selection) -> Selected:
        """Raises WarehouseError."""
        sql = f"SELECT COUNT(*) AS messages, COUNT(DISTINCT ticket_id) AS tickets {self._selected(selection)}"
        [row] = self._warehouse.query("messages to replay", sql, {})
        return Selected(row.messages, row.tickets)

    def read(self, selection: Selection) -> Iterator[Logged]:
        """In the order in which they were published; replays are left out. Raises WarehouseError."""
        sql = f"SELECT * {self._selected(selection)} ORDER BY published_at"
        for row in self._warehouse.query("messages to replay", sql, {}):
            yield Logged(message_of(row), row.message_id)

    def _selected(self, selection: Selection) -> str:
        tickets = ", ".join(map(str, selection.tickets))
        return (
            f"FROM {self.published} WHERE replay_of IS NULL "
            f"AND published_at >= TIMESTAMP '{selection.since.isoformat()}' "
            f"AND published_at < TIMESTAMP '{selection.until.isoformat()}'"
            + (f" AND ticket_id IN ({tickets})" if tickets else "")
        )

    def _unsettled(self, columns: str) -> str:
        return f"""
            SELECT {columns}
            FROM {self.intents} AS intent
            LEFT JOIN (
              SELECT ticket_id, message_key, MAX(settled_at) AS settled_at
              FROM ({self.settlements("message_key")})
              WHERE settled_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {INTENTS_KEPT_DAYS + 1} DAY)
              GROUP BY ticket_id, message_key
            ) AS settled ON settled.ticket_id = intent.ticket_id AND settled.message_key = intent.message_key
            WHERE settled.settled_at IS NULL OR settled.settled_at < intent.intended_at
        """

    def settlements(self, *columns: str) -> str:
        """SQL: ticket_id, when the ticket's message was published or refused as settled_at, and these columns."""
        more = "".join(f", {column}" for column in columns)
        return (
            f"SELECT ticket_id, published_at AS settled_at{more} FROM {self.published} WHERE replay_of IS NULL "
            f"UNION ALL SELECT ticket_id, refused_at AS settled_at{more} FROM {self.refused}"
        )


def message_of(row: Any) -> Message:  # noqa: ANN401 - a row of BigQuery's
    """The message that a row of any of the three tables holds."""
    attributes = msgspec.json.decode(row.attributes, type=dict[str, str])
    return new_message(row.ticket_id, row.message_key, attributes, row.data.encode())


def _row(message: Message, **more: str | datetime | None) -> bytes:
    """One JSON object of the message's columns and these."""
    return b"%b,%b" % (message.columns, encode_row(more)[1:])
