"""What can go wrong: each stops the run with one sentence, which never holds a field's content.

TargetError
├── SettingsError     a setting makes no sense, or names something that is not there
├── InputError        a line of the input is no Singer message
├── RecordError       a record is no ticket: its id, the property
├── DirectoryError    there is no directory to join users with
├── WarehouseError    BigQuery refused, or could not be reached for too long
└── PublishError      Pub/Sub refused, or could not be reached for too long
"""

from __future__ import annotations


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
