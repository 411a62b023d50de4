"""The stream SCHEMA_DRIFT: which properties Zendesk has sent and the schemas lack, a row for each export, property and type.

Not one of the SDK's streams: a run without such properties writes nothing of it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk import typing as th

if TYPE_CHECKING:
    from tap_zendesk_cityblock.rows.unknown import UnknownProperties
    from tap_zendesk_cityblock.state.export_metadata import Export
    from tap_zendesk_cityblock.writer import BufferedWriter

NAME = "SCHEMA_DRIFT"
KEY = ("_export_id", "property", "json_type")
SCHEMA = th.PropertiesList(
    th.Property("model", th.StringType, required=True),
    th.Property("property", th.StringType, required=True),
    th.Property("json_type", th.StringType, required=True),
    th.Property("row_count", th.IntegerType, required=True),
    th.Property("first_seen_at", th.DateTimeType, required=True),
    th.Property("last_seen_at", th.DateTimeType, required=True),
    th.Property("run_id", th.StringType),
    th.Property("_export_id", th.StringType, required=True),
    th.Property("_exported_at", th.DateTimeType, required=True),
).to_dict()


class SchemaDrift:
    """Of one run."""

    def __init__(self, writer: BufferedWriter) -> None:
        self._writer = writer
        self._has_begun = False
        self.run_id: str | None = None
        """In PIPELINE_RUN."""

    def write(self, export: Export, unknown: UnknownProperties) -> None:
        """At the end of an export."""
        rows = [
            {
                "model": export.model,
                "property": name,
                "json_type": kind,
                "row_count": seen.rows,
                "first_seen_at": seen.first.isoformat(),
                "last_seen_at": seen.last.isoformat(),
                "run_id": self.run_id,
                "_export_id": export.export_id,
                "_exported_at": export.started.isoformat(),
            }
            for name, kind, seen in unknown.items()
        ]
        if rows and not self._has_begun:
            self._has_begun = True
            self._write({"type": "SCHEMA", "stream": NAME, "schema": SCHEMA, "key_properties": KEY})
        for row in rows:
            now = datetime.now(UTC).isoformat()
            self._write({"type": "RECORD", "stream": NAME, "record": row, "time_extracted": now})

    def _write(self, message: dict[str, Any]) -> None:
        self._writer.write_lines(msgspec.json.encode(message) + b"\n")
