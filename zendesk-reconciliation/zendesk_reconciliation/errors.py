"""How a comparison ends if it found differences, or could not compare everything."""

from __future__ import annotations

from cityblock_singer.errors import PluginError


class DifferentError(PluginError):
    """Zendesk and the warehouse differ."""


class NotComparedError(PluginError):
    """Exit code 2, because 1 stands for differences."""

    exit_code = 2
