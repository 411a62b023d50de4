"""EXPORT_METADATA: every export's history, written as it happens."""

from __future__ import annotations

import dataclasses
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from singer_sdk import Stream
from singer_sdk import typing as th

from tap_zendesk_cityblock.state.positions import epoch_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk.helpers.types import Context
    from singer_sdk.singerlib import Catalog

    from tap_zendesk_cityblock.state.loaded_exports import LoadedExport
    from tap_zendesk_cityblock.state.positions import Position, Remainder

NAME = "EXPORT_METADATA"
INTERVAL_SECONDS = 60


@dataclasses.dataclass
class Export:
    """One model's export in this run. `start` and `reached` are None for bulk models.

    `rows_of`: the earlier export that has its rows, if nothing has changed since; of a bulk model, one of the same day.
    `read_again`: when it began to read objects again that it may have read before; their rows have this time.
    `remainder_rows`: about how many rows the remainder has; None: not counted.
    """

    model: str
    export_id: str
    started: datetime
    start: Position | None
    reached: Position | None
    count: int = 0
    pages: int = 0
    mirrored: datetime | None = None
    is_complete: bool = False
    rows_of: LoadedExport | None = None
    read_again: datetime | None = None
    remainder_rows: int | None = None

    @property
    def day(self) -> str:
        """The UTC day it began, by which its rows are partitioned."""
        return self.started.date().isoformat()

    @property
    def remainder(self) -> Remainder | None:
        """What is left of a first export that began with searches."""
        at = self.reached or self.start
        return None if at is None else at.remainder

    def is_due(self, now: datetime) -> bool:
        """Whether a minute has passed since the last row, or since the start."""
        return (now - (self.mirrored or self.started)).total_seconds() >= INTERVAL_SECONDS

    def described(self) -> str:
        """How many records of how many pages so far."""
        return f"{counted(self.count, 'record')} of {counted(self.pages, 'page')}"

    def row(self, now: datetime, zendesk: datetime | None, *, complete: bool) -> dict[str, Any]:
        """`zendesk`: the time by Zendesk's clock, None before its first response."""
        start, end = self.start, self.reached
        return {
            "table_name": self.model,
            "bq_inserted_at": now.isoformat(),
            "export_id": self.export_id,
            "export_status": "complete" if complete else "in_progress",
            "start_time": _time(start),
            "start_cursor": start.cursor if start else None,
            "end_time": _time(end),
            "end_cursor": end.cursor if end else None,
            "export_count": self.count,
            "run_length_sec": round((now - self.started).total_seconds(), 3),
            "bq_partition": self.day,
            "zendesk_time": zendesk.isoformat() if zendesk else None,
            "rows_export_id": self.rows_of.export_id if self.rows_of else None,
        }


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _time(position: Position | None) -> str | None:
    if position is None or position.cursor is not None:
        return None
    moment = epoch_of(position)
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat()


class TapStream(Stream):
    """A stream of this tap."""

    def log(self, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:  # noqa: ANN401 - the SDK's arguments
        """Without the SDK's line about an error: the error's own sentence ends the run."""
        if level < logging.ERROR:
            super().log(*args, level=level, **kwargs)


class ExportMetadataStream(TapStream):
    """The other streams write to it, so that each row precedes the STATE with the same cursor.

    It is synced first, so that its SCHEMA precedes all rows. It cannot be deselected: the views need it.
    """

    name = NAME
    primary_keys = ("export_id", "bq_inserted_at")
    schema = th.PropertiesList(
        th.Property("table_name", th.StringType, required=True),
        th.Property("bq_inserted_at", th.DateTimeType, required=True),
        th.Property("export_id", th.StringType, required=True),
        th.Property("export_status", th.StringType, required=True),
        th.Property("start_time", th.DateTimeType),
        th.Property("start_cursor", th.StringType),
        th.Property("end_time", th.DateTimeType),
        th.Property("end_cursor", th.StringType),
        th.Property("export_count", th.IntegerType),
        th.Property("run_length_sec", th.NumberType),
        th.Property("bq_partition", th.DateType),
        th.Property("zendesk_time", th.DateTimeType),
        th.Property("rows_export_id", th.StringType),
    ).to_dict()

    def apply_catalog(self, catalog: Catalog) -> None:
        """Does nothing: the catalog cannot deselect this stream."""

    def get_records(self, context: Context | None) -> Iterable[dict[str, Any]]:  # noqa: ARG002 - the SDK's signature
        return ()

    def write(self, row: dict[str, Any]) -> None:
        self._write_record_message(row)
