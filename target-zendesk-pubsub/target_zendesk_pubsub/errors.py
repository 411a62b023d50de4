"""Errors that stop the run with one sentence, which never quotes a field.

PluginError
├── SettingsError     a setting is invalid, or names something that does not exist
├── InputError        a line of the input is not a Singer message, or one that is not supported
├── RecordError       too many records cannot be read as tickets
├── DirectoryError    the internal directory is missing
├── WarehouseError    BigQuery refused, or could not be reached until the retry deadline
└── PublishError      Pub/Sub refused, or could not be reached until the retry deadline
"""

from __future__ import annotations

from cityblock_singer.errors import PluginError


class InputError(PluginError):
    pass


class RecordError(PluginError):
    pass


class DirectoryError(PluginError):
    pass


class PublishError(PluginError):
    pass
