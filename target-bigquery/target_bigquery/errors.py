"""What can go wrong: each stops the run with one sentence, which never holds a field's content.

PluginError
├── SettingsError   a setting is invalid, or names something that does not exist
├── InputError      a line of the input is no Singer message
├── RowError        too many rows of a stream do not fit its table: stream, share, column
├── SchemaError     a stream's schema does not fit its table
├── LoadError       BigQuery or GCS refused, or could not be reached for too long, or there is no room to spool rows
│   └── RefusedRowError   a load job failed for one row
└── LegacyError     what the replaced system left tells no single position: the table, what to do
"""

from __future__ import annotations

from cityblock_singer.errors import PluginError


class InputError(PluginError):
    pass


class RowError(PluginError):
    pass


class SchemaError(PluginError):
    pass


class LoadError(PluginError):
    pass


class RefusedRowError(LoadError):
    """Of one load job, whose other rows BigQuery may take. `row`: its number in the run; `reason`: BigQuery's word."""

    def __init__(self, message: str, row: int = 0, reason: str = "") -> None:
        super().__init__(message)
        self.row, self.reason = row, reason


class LegacyError(PluginError):
    pass
