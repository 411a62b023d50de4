"""What can go wrong: each stops the run with one sentence, which never holds a field's content.

PluginError
├── SettingsError     a setting is invalid, or names something that does not exist
├── InputError        a line of the input is no Singer message, or one that is not supported
├── RecordError       too many records are no tickets
├── DirectoryError    there is no directory to join users with
├── WarehouseError    BigQuery refused, or could not be reached until the retry deadline
└── PublishError      Pub/Sub refused, or could not be reached for too long
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
