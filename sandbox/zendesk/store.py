"""The account's objects in SQLite: JSON bodies as they are served, beside the columns that pages are ordered by."""

from __future__ import annotations

import dataclasses
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

Json = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS object (
    model TEXT NOT NULL,
    id INTEGER NOT NULL,
    changed INTEGER NOT NULL, -- epoch seconds of the clock that exports run by
    listed INTEGER NOT NULL,  -- 0: archived, or deleted; exports have these, lists do not
    body BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS object_by_id ON object (model, id);
CREATE INDEX IF NOT EXISTS object_by_change ON object (model, changed, id);
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""

CREATED = "json_extract(CAST(body AS TEXT), '$.created_at')"
UPDATED = "coalesce(json_extract(CAST(body AS TEXT), '$.updated_at'), json_extract(CAST(body AS TEXT), '$.deleted_at'))"
"""A deleted ticket's list entry tells only when it was deleted, which is when it was updated last."""
THERE = (
    "NOT (model = 'ticket' AND json_extract(CAST(body AS TEXT), '$.status') = 'deleted'"
    " OR model = 'user' AND NOT json_extract(CAST(body AS TEXT), '$.active')"
    " OR model = 'organization' AND json_extract(CAST(body AS TEXT), '$.deleted_at') IS NOT NULL)"
)
"""Not deleted: lists and searches have only those, exports have all."""
OF_SUPPORT_TYPE = (
    "SELECT id FROM object WHERE model = 'ticket' AND json_extract(CAST(body AS TEXT), '$.support_type') = ?"
)


def _where(conditions: Sequence[tuple[str, str, str]]) -> tuple[str, list[Any]]:
    where, values = "", []
    for name, comparison, value in conditions:
        where += f" AND json_extract(CAST(body AS TEXT), ?) {comparison} ?"
        values += [f"$.{name}", value]
    return where, values


@dataclasses.dataclass(frozen=True)
class Stored:
    """One object; `body` is its JSON."""

    model: str
    id: int
    changed: int
    body: bytes
    listed: bool = True

    @classmethod
    def of(
        cls, model: str, content: Json, changed: int, *, listed: bool = True, number: int | None = None
    ) -> Stored:
        """`number` is for what has no id, or one that is a text."""
        return cls(model, content["id"] if number is None else number, changed, orjson.dumps(content), listed)


class Store:
    """One connection, used from one thread. The simulated time is one of its facts."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.executescript(SCHEMA)

    def fact(self, name: str) -> int | None:
        row = self._db.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return None if row is None else int(row[0])

    def set_fact(self, name: str, value: int) -> None:
        self._db.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))

    @property
    def now(self) -> int:
        """The simulated time, in epoch seconds."""
        return self.fact("now") or 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def put(self, objects: Iterable[Stored]) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO object (model, id, changed, listed, body) VALUES (?, ?, ?, ?, ?)",
            ((o.model, o.id, o.changed, o.listed, o.body) for o in objects),
        )

    def remove(self, model: str, ids: Iterable[int]) -> None:
        self._db.executemany("DELETE FROM object WHERE model = ? AND id = ?", ((model, one) for one in ids))

    def get(self, model: str, object_id: int) -> Stored | None:
        row = self._db.execute(
            "SELECT model, id, changed, body, listed FROM object WHERE model = ? AND id = ?",
            (model, object_id),
        ).fetchone()
        return None if row is None else Stored(*row)

    def ids(self, model: str) -> list[int]:
        rows = self._db.execute("SELECT id FROM object WHERE model = ? ORDER BY id", (model,))
        return [row[0] for row in rows]

    def count_within(self, model: str, first: int, last: int) -> int:
        """How many of them have an id from `first` to `last`."""
        sql = "SELECT COUNT(*) FROM object WHERE model = ? AND id BETWEEN ? AND ?"
        return int(self._db.execute(sql, (model, first, last)).fetchone()[0])

    def lacking(
        self, model: str, other: str, ids: tuple[int, int], after: int, limit: int
    ) -> list[tuple[int, bytes]]:
        """(id, body) behind that id, where there is no counterpart of the model `other`.

        `ids`: the counterpart's is the first of them and so many times the second as the object's own id says.
        """
        return self._db.execute(
            "SELECT id, body FROM object AS one WHERE model = ? AND id > ? AND NOT EXISTS"
            " (SELECT 1 FROM object WHERE model = ? AND id = ? + ? * one.id) ORDER BY id LIMIT ?",
            (model, after, other, *ids, limit),
        ).fetchall()

    def count(self, model: str) -> int:
        """How many of them a list has."""
        sql = f"SELECT COUNT(*) FROM object WHERE model = ? AND listed AND {THERE}"
        return int(self._db.execute(sql, (model,)).fetchone()[0])

    def changed_after(
        self,
        model: str,
        position: tuple[int, int],
        until: int,
        limit: int,
        *,
        support_type: tuple[str, str] | None = None,
    ) -> list[tuple[int, int, bytes]]:
        """(changed, id, body) behind that position, up to the time `until`, in the order of change.

        `support_type`: the property that has a ticket's id, and whose tickets there shall be.
        """
        where, values = "", []
        if support_type is not None:
            where = f" AND json_extract(CAST(body AS TEXT), ?) IN ({OF_SUPPORT_TYPE})"
            values = [f"$.{support_type[0]}", support_type[1]]
        return self._db.execute(
            "SELECT changed, id, body FROM object WHERE model = ? AND (changed, id) > (?, ?) AND changed <= ?"
            f"{where} ORDER BY changed, id LIMIT ?",
            (model, *position, until, *values, limit),
        ).fetchall()

    def listed_after(
        self, model: str, object_id: int, limit: int, offset: int = 0
    ) -> list[tuple[int, bytes]]:
        """(id, body) behind that id, in the order of ids."""
        return self._db.execute(
            f"SELECT id, body FROM object WHERE model = ? AND id > ? AND listed AND {THERE} ORDER BY id LIMIT ? OFFSET ?",
            (model, object_id, limit, offset),
        ).fetchall()

    def count_found(self, model: str, conditions: Sequence[tuple[str, str, str]]) -> int:
        """How many are not deleted and meet the conditions: property, comparison, value."""
        where, values = _where(conditions)
        sql = f"SELECT COUNT(*) FROM object WHERE model = ? AND {THERE} {where}"
        return int(self._db.execute(sql, (model, *values)).fetchone()[0])

    def found(
        self,
        model: str,
        conditions: Sequence[tuple[str, str, str]],
        after: tuple[str, int] | None,
        limit: int,
    ) -> list[tuple[str, int, bytes]]:
        """(created_at, id, body) of those, the newest first, behind that one."""
        where, values = _where(conditions)
        if after is not None:
            where += f" AND ({CREATED}, id) < (?, ?)"
            values += after
        return self._db.execute(
            f"SELECT {CREATED}, id, body FROM object WHERE model = ? AND {THERE} {where}"
            f" ORDER BY {CREATED} DESC, id DESC LIMIT ?",
            (model, *values, limit),
        ).fetchall()

    def updated_after(
        self, model: str, updated: str, object_id: int, limit: int
    ) -> list[tuple[str, int, bytes]]:
        """(updated_at, id, body) of the listed ones that are not deleted, behind that position, in the order of change."""
        self._db.execute(
            f"CREATE INDEX IF NOT EXISTS object_by_update ON object (model, {UPDATED}, id)"
        )  # only where somebody sorts so
        return self._db.execute(
            f"SELECT {UPDATED}, id, body FROM object WHERE model = ? AND ({UPDATED}, id) > (?, ?)"
            f" AND listed AND {THERE} ORDER BY {UPDATED}, id LIMIT ?",
            (model, updated, object_id, limit),
        ).fetchall()

    def bodies(self, model: str, *, all_of_them: bool) -> Iterator[bytes]:
        """Every object of an export, or every listed one of a list."""
        sql = "SELECT body FROM object WHERE model = ? AND (listed OR ?) ORDER BY id"
        for row in self._db.cursor().execute(sql, (model, all_of_them)):
            yield row[0]
