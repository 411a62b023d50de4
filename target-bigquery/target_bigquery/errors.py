"""Errors that stop the run with one sentence, which never quotes a field.

PluginError
├── SettingsError   a setting is invalid, or names something that does not exist
├── InputError      a line of the input is not a Singer message
├── RowError        too many rows of a stream do not fit its table: stream, share, column
├── SchemaError     a stream's schema does not fit its table
├── SpoolError      rows cannot be written to a temporary file
├── WarehouseError  BigQuery or Cloud Storage refused, or could not be reached until the retry deadline
│   └── RefusedRowError   a load job failed for one row
└── StateError      the last row of a model in an EXPORT_METADATA has no single position
"""

from __future__ import annotations

from cityblock_singer.errors import PluginError
from cityblock_singer.google.errors import WarehouseError


class InputError(PluginError):
    pass


class RowError(PluginError):
    pass


class SchemaError(PluginError):
    pass


class SpoolError(PluginError):
    pass


class RefusedRowError(WarehouseError):
    """Of one load job, whose other rows BigQuery may take. `row`: its number in the run; `reason`: BigQuery's word."""

    def __init__(self, message: str, row: int = 0, reason: str = "") -> None:
        super().__init__(message)
        self.row, self.reason = row, reason


class StateError(PluginError):
    pass
