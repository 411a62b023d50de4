"""The account that is measured: cost/account.toml."""

from __future__ import annotations

import dataclasses
import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
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
    """What a document says of statements; `statement` is a pattern."""

    document: str
    statement: str
    months: int
    gigabytes: float


@dataclasses.dataclass(frozen=True)
class Account:
    """`tables`: rows by `dataset.table`. `jobs`: runs a day."""

    months: tuple[int, ...]
    batch_id_share: float
    block_bytes: int
    default_rows_an_export: int
    prices: Mapping[str, float]
    limits: Mapping[str, int]
    jobs: Mapping[str, float]
    tables: Mapping[str, Mapping[str, int]]
    unbounded: tuple[Unbounded, ...] = ()
    promises: tuple[Promise, ...] = ()

    @property
    def exports_a_day(self) -> float:
        return self.jobs["export"]

    def rows_a_day(self, table: str) -> float:
        """0 for a table that does not grow."""
        given = self.tables.get(table, {"rows_an_export": self.default_rows_an_export})
        if "rows" in given:
            return 0
        if "rows_a_month" in given:
            return given["rows_a_month"] / DAYS_A_MONTH
        return given["rows_an_export"] * self.exports_a_day

    def constant_rows(self, table: str) -> int:
        return self.tables.get(table, {}).get("rows", 0)


def load(path: Path) -> Account:
    """Raises TypeError for a setting that it does not know."""
    given: dict[str, Any] = tomllib.loads(path.read_text())
    given["months"] = tuple(given["months"])
    given["unbounded"] = tuple(Unbounded(**one) for one in given.get("unbounded", ()))
    given["promises"] = tuple(Promise(**one) for one in given.get("promises", ()))
    return Account(**given)
