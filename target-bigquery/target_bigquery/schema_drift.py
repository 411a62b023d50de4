"""Properties inside RECORD columns that the schema lacks, for the table SCHEMA_DRIFT.

The tap reports those of the objects themselves; values pass through it unread. A column of type JSON keeps all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cityblock_singer.schema_drift import NAME, UnknownProperties, schema_message

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

EXPORT = ("_export_id", "_exported_at")


class SchemaDrift:
    """Of one run, by the export that sent the rows; rows of other taps, without an export, are not counted."""

    def __init__(self) -> None:
        self._exports: dict[tuple[Any, ...], UnknownProperties] = {}

    def add(self, stream: str, record: Mapping[str, Any], found: Collection[tuple[str, str]]) -> None:
        """`found`: paths and JSON types in one record."""
        export = tuple(record.get(name) for name in EXPORT)
        if all(isinstance(part, str) for part in export):
            unknown = self._exports.setdefault((stream, *export), UnknownProperties())
            for path, json_type in found:
                unknown.add(tuple(path.split(".")), json_type)

    def messages(self, run_id: str | None) -> Iterator[dict[str, Any]]:
        """As a tap would send them: SCHEMA and RECORD. `run_id`: in PIPELINE_RUN."""
        if self._exports:
            yield schema_message()
        for (stream, export_id, exported_at), unknown in self._exports.items():
            about = {"model": stream, "run_id": run_id, "_export_id": export_id, "_exported_at": exported_at}
            for record in unknown.records(about):
                yield {"type": "RECORD", "stream": NAME, "record": record}
