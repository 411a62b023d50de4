"""Why nothing, or not all, could be compared."""

from __future__ import annotations

from cityblock_singer.errors import PluginError


class NotComparedError(PluginError):
    """Exit code 2, because 1 stands for differences."""

    exit_code = 2
