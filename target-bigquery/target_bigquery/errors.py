"""What can go wrong: each stops the run with one sentence, which never holds a field's content.

TargetError
├── SettingsError   a setting makes no sense, or names something that is not there
├── InputError      a line of the input is no Singer message
├── RowError        too many rows of a stream do not fit its table: stream, share, column
├── SchemaError     a stream's schema does not fit its table
├── LoadError       BigQuery or GCS refused, or could not be reached for too long, or there is no room to spool rows
│   └── RefusedRowError   a load job failed for one row
└── LegacyError     what the replaced system left tells no single position: the table, what to do
"""

from __future__ import annotations

import traceback


class TargetError(Exception):
    pass


class SettingsError(TargetError):
    pass


class InputError(TargetError):
    pass


class RowError(TargetError):
    pass


class SchemaError(TargetError):
    pass


class LoadError(TargetError):
    pass


class RefusedRowError(LoadError):
    """Of one load job, whose other rows BigQuery may take. `row`: its number in the run; `reason`: BigQuery's word."""

    def __init__(self, message: str, row: int = 0, reason: str = "") -> None:
        super().__init__(message)
        self.row, self.reason = row, reason


class LegacyError(TargetError):
    pass


def untold(error: Exception) -> str:
    """Its type and where it came from, for errors that nobody expected: their texts may quote what a record holds."""
    told = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
    where = "".join(traceback.format_tb(error.__traceback__))
    return f"{type(error).__name__}{told}, an error that was not expected; its text is left out\n{where}"
