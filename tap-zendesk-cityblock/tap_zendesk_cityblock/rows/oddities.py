"""Objects that are not as documented but do not stop the run. Log lines have ids and counts, never content."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from cityblock_singer.schema_drift import UnknownProperties

from tap_zendesk_cityblock.errors import UnexpectedResponseError
from tap_zendesk_cityblock.rows.unknown import json_type
from tap_zendesk_cityblock.state.export_metadata import counted

if TYPE_CHECKING:
    import logging
    from collections.abc import Collection

NAMED_AT_ONCE = 10
"""Ids in one log line."""
_LOGGED_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Keys that are safe to log. In some models people choose the keys."""


class Report(Protocol):
    """Receives reports of odd objects of one model."""

    def unknown(self, name: str, value: Any) -> None:  # noqa: ANN401 - bytes or what Python has for them
        """A property of a row that is not in the schema."""

    def invalid_text(self, keys: Collection[object]) -> None:
        """Objects in whose texts invalid Unicode was replaced by U+FFFD."""

    def nulls(self, count: int) -> None:
        """Nulls in the list of objects."""

    def left_out(self, count: int, why: str) -> None:
        """Objects from which no row can be made. `why` follows the word "objects"."""


class Oddities:
    """Logs it: properties and objects once each, the rest once per response."""

    def __init__(self, model: str, logger: logging.Logger, *, is_exported: bool = True) -> None:
        """`is_exported`: if only derived models are exported, new properties of this one do not matter."""
        self._model, self._logger, self._is_exported = model, logger, is_exported
        self._logged: set[object] = set()
        self.count = 0
        """Objects that were left out so far."""
        self.properties = UnknownProperties()

    def unknown(self, name: str, value: Any) -> None:  # noqa: ANN401
        if not self._is_exported:
            return
        self.properties.add((name,), json_type(value))
        if ("property", name) not in self._logged:
            self._logged.add(("property", name))
            self._logger.warning(
                "%s: Zendesk has a new property, %s; it is left out until the schema has it",
                self._model,
                name,
            )

    def invalid_text(self, keys: Collection[object]) -> None:
        named = [_logged_key(key) for key in keys]
        if new := [key for key in dict.fromkeys(named) if key not in self._logged]:
            self._logged.update(new)
            more = f" and {len(new) - NAMED_AT_ONCE} more" if len(new) > NAMED_AT_ONCE else ""
            self._logger.warning(
                "%s: text that is not valid Unicode was replaced by U+FFFD in id %s%s",
                self._model,
                ", ".join(new[:NAMED_AT_ONCE]),
                more,
            )

    def nulls(self, count: int) -> None:
        self._logger.warning("%s: null entries skipped in the list of objects: %d", self._model, count)

    def left_out(self, count: int, why: str) -> None:
        self.count += count
        self._logger.error("%s: left out %s %s", self._model, counted(count, "object"), why)


def check_not_all_left_out(model: str, count: int, oddities: Oddities) -> None:
    """Raises UnexpectedResponseError if a list had objects and all were left out, instead of exporting an empty list. `count`: those kept."""
    if not count and oddities.count:
        raise UnexpectedResponseError(f"{model}: none of the objects that Zendesk lists has a usable key")


class Ignored:
    """For rows that are read but not exported."""

    def unknown(self, name: str, value: Any) -> None:  # noqa: ANN401
        pass

    def invalid_text(self, keys: Collection[object]) -> None:
        pass

    def nulls(self, count: int) -> None:
        pass

    def left_out(self, count: int, why: str) -> None:
        pass


IGNORED = Ignored()


def _logged_key(key: object) -> str:
    return str(key) if _LOGGED_KEY.fullmatch(str(key)) else "(not logged)"
