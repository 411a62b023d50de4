"""zendesk_ticket_state: the last message of each ticket, taken from the log a day at a time.

A lookup adds the messages of the log from `until` on. The table may lag behind the log, but it has every message
before `until`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from google.cloud.bigquery import PartitionRange, SchemaField

from target_zendesk_pubsub.warehouse import Table, moment, since

if TYPE_CHECKING:
    from target_zendesk_pubsub.published_log import PublishedLog
    from target_zendesk_pubsub.warehouse import Warehouse

FIELDS = (
    SchemaField("ticket_id", "INTEGER", "REQUIRED"),
    SchemaField("message_key", "STRING", "REQUIRED", description="of the ticket's last message"),
    SchemaField("event_type", "STRING"),
    SchemaField("generated_timestamp", "INTEGER", description="latest of the ticket's messages"),
    SchemaField("published_at", "TIMESTAMP", "REQUIRED"),
)
COLUMNS = ", ".join(field.name for field in FIELDS)

# One statement may change 4,000 partitions (https://docs.cloud.google.com/bigquery/quotas, "Partitioned tables", read
# November 27, 2026), and a first one changes all. Ids beyond the end share one more partition.
RANGES = PartitionRange(start=0, end=10_500_000, interval=3_000)

UNTIL = "complete_until"
"""Label of the table: the day (UTC) before which it has every message of the log."""
LATE = timedelta(hours=1)
"""A message is logged within this time after it was published."""


class LastMessages:
    """`until`: the table has all messages published before; None: unknown, so the log is read from its beginning."""

    def __init__(self, warehouse: Warehouse, dataset: str, log: PublishedLog) -> None:
        self._warehouse, self.log = warehouse, log
        self.table = Table(
            dataset, "zendesk_ticket_state", FIELDS, None, "ticket_id", ("ticket_id",), ranges=RANGES
        )
        self.until: datetime | None = None

    def read_until(self, labels: dict[str, str] | None = None) -> None:
        """`labels`: of the table, if they are known. Raises WarehouseError."""
        if labels is None:
            found = self._warehouse.find(self.table)
            labels = {} if found is None else found.labels
        day = labels.get(UNTIL)
        self.until = datetime.fromisoformat(day).replace(tzinfo=UTC) if day else None

    def rows(self, condition: str) -> str:
        """SQL with COLUMNS of every message that may be the last of its ticket. `condition`: on ticket_id."""
        logged = self._logged(f"{condition} AND {since('published_at', self.until)}")
        if self.until is None:
            return logged
        return f"SELECT {COLUMNS} FROM {self.table} WHERE {condition} UNION ALL {logged}"

    def catch_up(self, now: datetime) -> None:
        """Brings the messages of past days into the table, once a day. May be repeated. Raises WarehouseError."""
        if self.until is None:
            self.rebuild(now)
        elif self.until < (day := complete_day(now)):
            sql = f"INSERT INTO {self.table} ({COLUMNS}) {self._last_logged(self.until, day)}"
            self._warehouse.execute("last messages", sql, {})
            self.complete(now)

    def rebuild(self, now: datetime) -> None:
        """Takes every ticket of the log from there, and keeps tickets that the log no longer has.

        Raises WarehouseError.
        """
        clock = "GREATEST(state.generated_timestamp, logged.generated_timestamp)"
        changed = ", ".join(
            f"{column} = logged.{column}" for column in ("message_key", "event_type", "published_at")
        )
        sql = f"""
            MERGE {self.table} AS state
            USING ({self._last_logged(None, complete_day(now))}) AS logged
            ON state.ticket_id = logged.ticket_id
            WHEN MATCHED THEN UPDATE SET
              {changed}, generated_timestamp = COALESCE({clock}, logged.generated_timestamp, state.generated_timestamp)
            WHEN NOT MATCHED BY TARGET THEN INSERT ({COLUMNS})
            VALUES ({", ".join(f"logged.{field.name}" for field in FIELDS)})
        """
        self._warehouse.execute("last messages", sql, {})
        self.complete(now)

    def complete(self, now: datetime) -> None:
        """Marks the table as complete. Raises WarehouseError."""
        day = complete_day(now)
        self._warehouse.label(self.table, {UNTIL: day.date().isoformat()})
        self.until = day

    def _last_logged(self, first: datetime | None, day: datetime) -> str:
        """SQL of the last message of each ticket, and its latest clock, of those published from `first` to before `day`."""
        published = f"{since('published_at', first)} AND published_at < {moment(day)}"
        return f"""
            SELECT ticket_id, message_key, event_type, clock AS generated_timestamp, published_at
            FROM (
              SELECT *, MAX(generated_timestamp) OVER (PARTITION BY ticket_id) AS clock,
                ROW_NUMBER() OVER (PARTITION BY ticket_id ORDER BY published_at DESC) AS position
              FROM ({self._logged(published)})
            )
            WHERE position = 1
        """

    def _logged(self, condition: str) -> str:
        return f"""
            SELECT ticket_id, message_key, JSON_VALUE(attributes, '$.event_type') AS event_type,
              SAFE_CAST(JSON_VALUE(attributes, '$.generated_timestamp') AS INT64) AS generated_timestamp, published_at
            FROM {self.log.published} WHERE {condition} AND replay_of IS NULL
        """


def complete_day(now: datetime) -> datetime:
    """The start of the day (UTC) before which all messages are in the log."""
    return (now - LATE).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
