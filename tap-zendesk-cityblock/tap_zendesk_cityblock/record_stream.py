"""Writes the objects of a page as records, through the SDK or as bytes."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform

from tap_zendesk_cityblock.columns import EXPORT_COLUMNS, load_schema, with_unknown_properties
from tap_zendesk_cityblock.readers.shared_pages import ahead_of, has_had
from tap_zendesk_cityblock.rows.derived import DerivedRows
from tap_zendesk_cityblock.rows.oddities import Oddities
from tap_zendesk_cityblock.state.export_metadata import Export, TapStream
from tap_zendesk_cityblock.state.loaded_exports import LoadedExport, read_loaded
from tap_zendesk_cityblock.state.positions import Position
from tap_zendesk_cityblock.unchanged import PLACEHOLDERS, ComparedRows, repeated_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context
    from singer_sdk.metrics import Counter
    from singer_sdk.singerlib import Catalog

    from tap_zendesk_cityblock.model_types import Model
    from tap_zendesk_cityblock.readers.page import Page
    from tap_zendesk_cityblock.run_context import RunContext


class RecordStream(TapStream):
    """Writes the records of one model's export, page by page. ModelStream decides which pages, and what follows
    them.
    """

    # The loader checks types; walking every record here would cost most of all.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def __init__(self, tap: Tap, model: Model, run: RunContext) -> None:
        self.model = model
        self._run = run
        schema = load_schema(model.name)
        if model.name in run.settings.keep_unknown_properties:
            schema = with_unknown_properties(schema)
        super().__init__(tap, schema=schema, name=model.name)
        self.primary_keys = (model.key,)
        self.is_brought = False
        """Whether the catalog cannot deselect it."""
        self.oddities = Oddities(model.name, self.logger)
        self.export = self._new_export(None, datetime.now(UTC))
        """In this run; `begin` begins it."""
        self._derived: DerivedRows | None = None
        self._hashed = run.settings.hashed.get(model.name)
        self._ahead: Position | None = None
        self._as_bytes = False
        self._compared: ComparedRows | None = None
        self._repeatable: LoadedExport | None = None
        """This export, if the next one may have the same rows: of an incremental model."""
        self._counter: Counter | None = None

    @property
    def replication_method(self) -> str:
        """As Zendesk offers the model: a catalog cannot make a list incremental, nor an export whole."""
        return "INCREMENTAL" if self.model.is_incremental else "FULL_TABLE"

    def apply_catalog(self, catalog: Catalog) -> None:
        """The cursor is Zendesk's, so no column is a replication key.

        A model that comes with another one is exported in full if the catalog selects the other one, whether it is
        in the catalog or not.
        """
        self.is_brought = any(_is_selected(catalog, name) for name in self._bringing)
        if not self.is_brought:
            super().apply_catalog(catalog)
        self.replication_key = None

    @property
    def _bringing(self) -> set[str]:
        """The models of this run that it comes with."""
        return {model.name for model in self._run.settings.incremental_models} & self.model.comes_with

    def _write_starting_replication_value(self, context: Context | None) -> None:
        """Does nothing: the bookmark is a cursor, which `move_bookmark` moves page by page."""

    def _increment_stream_state(self, latest_record: Any, *, context: Context | None = None) -> None:  # noqa: ANN401
        """Does nothing: see `_write_starting_replication_value`."""

    def generate_child_contexts(
        self,
        record: Any,  # noqa: ANN401, ARG002 - the SDK's signature
        context: Context | None,  # noqa: ARG002
    ) -> Iterable[None]:
        """None: no stream has child streams, and the SDK would copy every record for them."""
        return ()

    def _new_export(self, start: Position | None, now: datetime) -> Export:
        return Export(self.name, uuid.uuid4().hex, now, start, start)

    def prepare(self, start: Position | None, *, as_bytes: bool) -> None:
        """For pages that begin at `start`."""
        self._as_bytes, self._ahead = as_bytes, ahead_of(self.export.start, start)
        if as_bytes and not self.model.is_incremental and self._run.settings.skip_unchanged:
            self._compared = ComparedRows(
                self.export, self._constants(), self._identity(), self._last_loaded, self._run.writer
            )
        if self.model.derivation is not None:
            known, selected = self._columns()
            self._derived = DerivedRows(self.model, known, selected, self._constants(), self.oddities)

    def _identity(self) -> list[Any]:
        """What rows depend on besides the objects."""
        return [self._run.settings.subdomain, self.schema, self._columns()]

    def _columns(self) -> tuple[list[str], list[str]]:
        """Zendesk's, and those that are selected."""
        names = [*self.schema["properties"]]
        known = [name for name in names if name not in EXPORT_COLUMNS]
        return known, [name for name in names if self.mask["properties", name]]

    def _constants(self) -> dict[str, Any]:
        """Values of every record."""
        if self._compared is not None:
            return {name: msgspec.Raw(byte) for name, byte in PLACEHOLDERS.items()}
        exported_at = self.export.read_again or self.export.started
        return {"_export_id": self.export.export_id, "_exported_at": exported_at.isoformat()}

    @property
    def _has_via(self) -> bool:
        """Whether its column `via` is a RECORD, which accepts nothing but objects."""
        types = self.schema["properties"].get("via", {}).get("type", ())
        return "object" in types and "string" not in types

    def passes_through(self) -> bool:
        """Whether records can stay bytes: no stream map, flattening, deselected nested property or dry run."""
        if self.ABORT_AT_RECORD_COUNT is not None:
            return False
        [stream_map, *others] = self.stream_maps
        is_mapped = others or type(stream_map) is not SameRecordTransform or stream_map.flattening_enabled
        looks_inside = any(len(crumb) > 2 and not selected for crumb, selected in self.mask.items())
        return not is_mapped and not looks_inside

    @property
    def _last_loaded(self) -> LoadedExport | None:
        return read_loaded(self._run.export_metadata.stream_state, self.name)

    def receives(self, page: Page) -> bool:
        """Whether the stream has not had the page's records yet."""
        return not has_had(self._ahead, page)

    def emit(self, page: Page, requested_by: RecordStream) -> Iterable[Any]:
        """Writes the page's records, or returns them if the SDK has to write them."""
        if self._derived is not None:
            records = self._derived.of(page.records, page.rows)
            if self._hashed is not None:
                self._hashed.replace_in(records)
        else:
            records = page.rows.released(page.records)
            if self._hashed is not None:
                self._hashed.replace(records, page.rows)
        self.export.count += len(records)
        if self._is_repeated(page, records):
            return ()
        if requested_by is self and not self._as_bytes:
            return records
        self._write(records)
        return ()

    def _is_repeated(self, page: Page, records: Sequence[Any]) -> bool:
        """Whether they are all of a time-based export, and were loaded by an earlier one.

        Zendesk's start time is inclusive: until something changes, each export has the last objects of the one before.
        """
        start, is_whole = self.export.start, page.is_last and self.export.pages == 0
        if start is None or start.time is None or page.position != Position(time=start.time):
            return False
        if not (is_whole and records and self._as_bytes and self._run.settings.skip_unchanged):
            return False
        digest = repeated_digest(records, self._constants(), [*self._identity(), self.name, start.time])
        last = self._last_loaded
        if last is None or last.digest != digest:
            self._repeatable = LoadedExport(self.export.export_id, self.export.day, digest)
            return False
        self.export.rows_of = last
        return True

    def get_record_counter(self, **named: Any) -> Counter:  # noqa: ANN401 - the SDK's arguments, handed on
        """The SDK's, which counts the records that the SDK writes; `_write` counts the others."""
        self._counter = super().get_record_counter(**named)
        return self._counter

    def _write(self, records: list[Any]) -> None:
        if not self._as_bytes:
            for record in records[: self.ABORT_AT_RECORD_COUNT]:
                self._write_record_message(record)
            return
        writer = self._compared or self._run.writer
        writer.write_records(self.name, records)
        self.state_manager.is_flushed = False
        if self._counter is not None:
            self._counter.increment(len(records))

    def close(self) -> None:
        """Drops rows of an export that has failed."""
        if self._compared is not None:
            self._compared.close()
            self._compared = None


def _is_selected(catalog: Catalog, name: str) -> bool:
    entry = catalog.get_stream(name)
    return entry is not None and entry.metadata.resolve_selection()[()]
