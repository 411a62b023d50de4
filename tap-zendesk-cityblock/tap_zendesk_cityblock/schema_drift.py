"""Writes the stream SCHEMA_DRIFT.

Not one of the SDK's streams: a run without such properties writes nothing of it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from cityblock_singer.schema_drift import NAME, schema_message

if TYPE_CHECKING:
    from cityblock_singer.schema_drift import UnknownProperties

    from tap_zendesk_cityblock.state.export_metadata import Export
    from tap_zendesk_cityblock.writer import BufferedWriter


class SchemaDrift:
    """Of one run."""

    def __init__(self, writer: BufferedWriter) -> None:
        self._writer = writer
        self._has_begun = False
        self.run_id: str | None = None
        """In PIPELINE_RUN."""

    def write(self, export: Export, unknown: UnknownProperties) -> None:
        """At the end of an export."""
        about = {
            "model": export.model,
            "run_id": self.run_id,
            "_export_id": export.export_id,
            "_exported_at": export.started.isoformat(),
        }
        for record in unknown.records(about):
            if not self._has_begun:
                self._has_begun = True
                self._write(schema_message())
            now = datetime.now(UTC).isoformat()
            self._write({"type": "RECORD", "stream": NAME, "record": record, "time_extracted": now})

    def _write(self, message: dict[str, Any]) -> None:
        self._writer.write_lines(msgspec.json.encode(message) + b"\n")
