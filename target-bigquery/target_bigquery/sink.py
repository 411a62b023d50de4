"""One stream: records become rows of a spool, and a spool one load job."""

from __future__ import annotations

import time
from datetime import UTC
from typing import TYPE_CHECKING, Any

import jsonschema_rs
from singer_sdk.sinks import BatchSink
from singer_sdk.sinks.core import BaseJSONSchemaValidator

from target_bigquery.computed import as_json, computed_properties
from target_bigquery.errors import LoadError, RefusedRowError, SchemaError, TargetError
from target_bigquery.fit import Inexact, Keyless, Misfit, Refused, Unwritable
from target_bigquery.loader import Layout
from target_bigquery.names import column_name
from target_bigquery.rejected import FEW
from target_bigquery.schema import CLUSTERABLE, columns_of, tagged
from target_bigquery.spool import Spool

if TYPE_CHECKING:
    from target_bigquery.target import TargetBigQuery

PARTITIONABLE = ("TIMESTAMP", "DATE")
MOST_CLUSTERS = 4


class RustValidator(BaseJSONSchemaValidator):
    """Tells that a record is invalid, not what is in it."""

    def __init__(self, schema: dict[str, Any]) -> None:
        """Raises SchemaError."""
        super().__init__(schema)
        try:
            self._validator = jsonschema_rs.validator_for(schema)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
            raise SchemaError("its schema is not a valid JSON schema") from None

    def validate(self, record: dict[str, Any]) -> None:
        for error in self._validator.iter_errors(record):
            path = _properties(error.schema_path)
            misfit = Misfit(f"what the schema's {error.schema_path[-1]} allows", error.instance)
            if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required):
                path.append(error.kind.property)
                misfit = Misfit("a value, which the schema requires", None)
            misfit.path = path
            raise misfit


def _properties(schema_path: list[str | int]) -> list[str]:
    """Names of properties on the way through a schema; a path through the record could hold what the record says."""
    parts = iter(schema_path)
    return [str(next(parts)) for part in parts if part == "properties"]


class BigQuerySink(BatchSink):
    """`row` numbers the stream's rows in this run, across sinks where its schema changes."""

    def __init__(self, target: TargetBigQuery, **kwargs: Any) -> None:  # noqa: ANN401 - the SDK's arguments, handed on
        self._target_bigquery = target
        self._spool: Spool | None = None
        self._reported: set[str] = set()
        super().__init__(target, **kwargs)

    def get_validator(self) -> BaseJSONSchemaValidator | None:
        """Raises SchemaError."""
        try:
            return RustValidator(self.schema) if self.config["validate_records"] else None
        except SchemaError as error:
            raise SchemaError(f"stream {self.stream_name}: {error}") from None

    def setup(self) -> None:
        """The table is there before the first row. Raises SchemaError, SettingsError, LoadError."""
        try:
            self._columns = columns_of(self.schema)
            fields = {field.name: field for field in self._columns.fields}
            partition = fields.get(self.config["partition_column"])
            keys = (
                [column_name(key) for key in self.key_properties]
                if self.config["cluster_on_key_properties"]
                else []
            )
            clusters = [
                key
                for key in keys
                if key in fields and fields[key].field_type in CLUSTERABLE and fields[key].mode != "REPEATED"
            ]
            layout = Layout(
                partition.name if partition is not None and partition.field_type in PARTITIONABLE else None,
                self.config["partition_granularity"],
                clusters[:MOST_CLUSTERS],
            )
            name = self._target_bigquery.table_of(self.stream_name)
            tag = self.config.get("policy_tag")
            wanted = tagged(self._columns, tag) if tag else self._columns.fields
            self._table = self._target_bigquery.loader.ensure_table(
                self.config["dataset"], name, wanted, layout
            )
            self._columns = columns_of(self.schema, self._table.schema)
            kinds = {field.name.lower(): field.field_type for field in self._columns.fields}
            self._computed = {
                name: kinds[column_name(name).lower()]
                for name in computed_properties(self._target_bigquery.mapper, self.stream_name)
                if column_name(name).lower() in kinds
            }
        except TargetError as error:
            raise type(error)(f"stream {self.stream_name}: {error}") from None

    @property
    def max_size(self) -> int:
        return int(self.config["batch_size"])

    @property
    def is_full(self) -> bool:
        spooled = self._spool.bytes if self._spool else 0
        return super().is_full or spooled >= int(self.config["batch_size_bytes"])

    def start_batch(self, context: dict[str, Any]) -> None:  # noqa: ARG002 - the SDK's signature
        # A table dropped and made anew, or one that grew, is another: equal rows must load into it again.
        table = self._table
        identity = f"{table.reference} {table.created} {[field.to_api_repr() for field in table.schema]}"
        try:
            self._spool = Spool(self._target_bigquery.rows[self.stream_name] + 1, identity)
        except LoadError as failure:
            raise LoadError(f"stream {self.stream_name}: {failure}") from None

    def _remove_sdc_metadata_from_schema(self) -> None:
        """The SDK drops names that begin with `_sdc_` in silence; those that a stream declares are columns like others."""

    def _remove_sdc_metadata_from_record(self, record: dict[str, Any]) -> None:
        """Likewise; what is not declared is left out with the warning that any such property gets."""

    def preprocess_record(self, record: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the SDK's signature
        for name, kind in self._computed.items():
            if name in record:
                record[name] = as_json(record[name], kind)
        return record

    def _validate_and_parse(self, record: dict[str, Any]) -> dict[str, Any]:
        """Left to process_record, which knows the row's number; the SDK's own logs what it finds."""
        return record

    def _singer_validate_message(self, record: dict[str, Any]) -> None:
        """Likewise: its error quotes the whole record."""

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Raises LoadError."""
        misfit = self._add(record)
        if misfit is None:
            return
        exact = self._target_bigquery.exact_record(self.stream_name, record)
        exact = self.preprocess_record(exact, context)
        if isinstance(misfit, Inexact):
            misfit = self._add(exact)
        if misfit is not None:
            self._target_bigquery.rejected.add(self.stream_name, exact, self.key_properties, misfit)

    def _add(self, record: dict[str, Any]) -> Misfit | None:
        """Why the record is no row, if it is none. Raises LoadError."""
        spool = self._spool
        assert spool is not None  # noqa: S101 - start_batch comes first
        try:
            if self._validator is not None:
                self._validator.validate(record)
            for key in self.key_properties:
                if record.get(key) is None:
                    return Keyless(key)
            spool.add(self._columns.fit(record))
        except Misfit as misfit:
            return misfit
        except (TypeError, RecursionError):
            return Unwritable()
        except LoadError as failure:
            raise LoadError(f"stream {self.stream_name}: {failure}") from None
        self._target_bigquery.rows[self.stream_name] = spool.last
        return None

    def process_batch(self, context: dict[str, Any]) -> None:
        """Raises LoadError, SettingsError."""
        spool = self._spool
        assert spool is not None  # noqa: S101 - start_batch comes first
        self._spool = None
        if not spool.rows:  # all were rejected
            spool.close()
            return
        started = time.monotonic()
        try:
            spool.finish()
            stamp = context["batch_start_time"].astimezone(UTC).strftime("%Y%m%dT%H%M%S%f")
            name = self._table.table_id
            blob = f"{name}/{stamp}-{context['batch_id'][:8]}/{name}.json.gz"
            job_id, refused = "", 0
            while spool.rows and not job_id:
                try:
                    job_id = self._target_bigquery.loader.load(self._table, spool, blob)
                except RefusedRowError as error:
                    refused += 1
                    if refused > FEW:
                        raise
                    spool = self._without(spool, error)
        except TargetError as error:
            raise type(error)(f"stream {self.stream_name}: {error}") from None
        finally:
            spool.close()
        if not job_id:
            return
        self._target_bigquery.loaded[self.stream_name] += spool.rows
        self.logger.info(
            "%s: rows %d-%d loaded, %d bytes in %.1f s, job %s",
            self.stream_name,
            spool.first,
            spool.last,
            spool.bytes,
            time.monotonic() - started,
            job_id,
        )
        self._report()

    def _without(self, spool: Spool, error: RefusedRowError) -> Spool:
        """The other rows, once the one that BigQuery names is rejected. Raises LoadError."""
        others, row = spool.without(error.row)
        spool.close()
        keys = [column_name(key) for key in self.key_properties]
        self._target_bigquery.rejected.add(self.stream_name, row, keys, Refused(error.reason))
        return others

    def _report(self) -> None:
        """Once for each column."""
        seen = self._columns.seen
        if fresh := seen.dropped - self._reported:
            hint = "; add_record_metadata makes columns for those of the SDK"
            self.logger.warning(
                "%s: left out, because the schema does not know them: %s%s",
                self.stream_name,
                ", ".join(sorted(fresh)),
                hint if any(name.startswith("_sdc_") for name in fresh) else "",
            )
        for changed in sorted(seen.changed - self._reported):
            self.logger.warning("%s: %s", self.stream_name, changed)
        self._reported |= seen.dropped | seen.changed

    def close(self) -> None:
        """Rows that are not loaded are given up."""
        if self._spool is not None:
            self._spool.close()
            self._spool = None
