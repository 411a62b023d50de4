"""What can go wrong: each stops the run with one sentence, which never holds a field's content.

TargetError
├── SettingsError     a setting makes no sense, or names something that is not there
├── InputError        a line of the input is no Singer message, or one that is not supported
├── RecordError       too many records are no tickets
├── DirectoryError    there is no directory to join users with
├── WarehouseError    BigQuery refused, or could not be reached for too long
└── PublishError      Pub/Sub refused, or could not be reached for too long
"""

from __future__ import annotations

import traceback


class TargetError(Exception):
    pass


class SettingsError(TargetError):
    pass


class InputError(TargetError):
    pass


class RecordError(TargetError):
    pass


class DirectoryError(TargetError):
    pass


class WarehouseError(TargetError):
    pass


class PublishError(TargetError):
    pass


def untold(error: Exception) -> str:
    """Its type and where it came from, for errors that nobody expected: their texts may quote what a record holds."""
    told = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
    where = "".join(traceback.format_tb(error.__traceback__))
    return f"{type(error).__name__}{told}, an error that was not expected; its text is left out\n{where}"
