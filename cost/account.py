"""The account that is measured: cost/account.toml."""

from __future__ import annotations

import dataclasses
import math
import re
import tomllib
from collections.abc import Mapping  # noqa: TC003 - of fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

DAYS_A_MONTH = 30
LONG_TERM_DAYS = 90


@dataclasses.dataclass(frozen=True)
class Unbounded:
    """Tables that these statements may read without a constant; both are patterns."""

    table: str
    statement: str
    because: str


@dataclasses.dataclass(frozen=True)
class Promise:
    """What a document says: of each statement that matches the pattern, of all statements of a run of `jobs`, or of storage.

    `changed`: keys that a run changes, by the names in `changes`, if others than usually. `what`: its name in tables.
    """

    document: str
    months: int
    gigabytes: float = math.inf
    statement: str = ""
    jobs: tuple[str, ...] = ()
    storage: str = ""
    changed: Mapping[str, float] = dataclasses.field(default_factory=dict)
    what: str = ""


@dataclasses.dataclass(frozen=True)
class Changes:
    """Of objects of one kind. `a_month`: changed keys of all runs together. `anywhere`: the share that may be of any age.

    The age of all others is exponential with this mean.
    """

    a_month: float
    mean_days_after_creation: float
    anywhere: float


@dataclasses.dataclass(frozen=True)
class Account:
    """`tables`: rows by `dataset.table`, or a pattern of it. `jobs`: runs a day. `queries`: SQL by name.

    `skips_unchanged`: the product records an export equal to the last one without loading its rows, except the first of
    a day.
    """

    months: tuple[int, ...]
    batch_id_share: float
    block_bytes: int
    default_rows_an_export: int
    default_changes_a_day: int
    prices: Mapping[str, float]
    limits: Mapping[str, int]
    jobs: Mapping[str, float]
    tables: Mapping[str, Mapping[str, Any]]
    changes: Mapping[str, Changes] = dataclasses.field(default_factory=dict)
    queries: Mapping[str, str] = dataclasses.field(default_factory=dict)
    unbounded: tuple[Unbounded, ...] = ()
    promises: tuple[Promise, ...] = ()
    skips_unchanged: bool = False

    @property
    def exports_a_day(self) -> float:
        return self.jobs["export"]

    def _given(self, table: str) -> Mapping[str, Any]:
        found = next((one for name, one in self.tables.items() if re.fullmatch(name, table)), None)
        return found or {"rows_an_export": self.default_rows_an_export}

    def rows_a_day(self, table: str) -> float:
        """0 for a table that does not grow."""
        given = self._given(table)
        if "rows_a_month" in given:
            return float(given["rows_a_month"]) / DAYS_A_MONTH
        exports = self.exports_a_day
        if self.skips_unchanged:
            exports = min(exports, 1 + given.get("changes_a_day", self.default_changes_a_day))
        return self.rows_an_export(table) * exports

    def rows_an_export(self, table: str) -> float:
        """0 for a table to which exports append what has changed."""
        return float(self._given(table).get("rows_an_export", 0))

    def constant_rows(self, table: str) -> int:
        return int(self._given(table).get("rows", 0))

    def one_row_a(self, table: str) -> str | None:
        """The kind of object (a name in `changes`) if the table has one row per key."""
        return self._given(table).get("one_row_a")

    def versions(self, table: str) -> int:
        """Rows a key."""
        return int(self._given(table).get("versions", 1))

    def changed_in(self, table: str) -> str | None:
        """The kind of object if the table has only what a run changes."""
        return self._given(table).get("changed")


def load(path: Path) -> Account:
    """Raises TypeError for a setting that it does not know."""
    given: dict[str, Any] = tomllib.loads(path.read_text())
    given["months"] = tuple(given["months"])
    given["unbounded"] = tuple(Unbounded(**one) for one in given.get("unbounded", ()))
    promises = given.get("promises", ())
    given["promises"] = tuple(Promise(**one | {"jobs": tuple(one.get("jobs", ()))}) for one in promises)
    given["changes"] = {name: Changes(**one) for name, one in given.get("changes", {}).items()}
    return Account(**given)
