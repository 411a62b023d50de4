"""Errors that stop a run, and what a log may show of all others."""

from __future__ import annotations

import traceback
from typing import ClassVar


class PluginError(Exception):
    """Stops the run. Its message is one sentence without credentials and without a record's content.

    `exit_code`: of the command. 2 is left to the command line, for invalid options.
    """

    exit_code: ClassVar[int] = 1


class SettingsError(PluginError):
    """A setting, a credential or a file that the operator gave is invalid, or names something that does not exist."""


def redacted(error: Exception) -> str:
    """Type and traceback of an unexpected error, without its message, which may quote a record."""
    reason = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
    where = "".join(traceback.format_tb(error.__traceback__))
    return f"Unexpected error (message redacted): {type(error).__name__}{reason}\n{where}"
