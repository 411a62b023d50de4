"""The account's objects in SQLite: JSON bodies as served, and the columns by which pages are ordered."""

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
    changed INTEGER NOT NULL, -- epoch seconds, by the clock of exports
    listed INTEGER NOT NULL,  -- 0: archived or deleted: in exports, not in lists
    body BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS object_by_id ON object (model, id);
CREATE INDEX IF NOT EXISTS object_by_change ON object (model, changed, id);
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""

UPDATED = "coalesce(json_extract(CAST(body AS TEXT), '$.updated_at'), json_extract(CAST(body AS TEXT), '$.deleted_at'))"
"""The list of deleted tickets has only the time of the deletion, which is the last update."""
NOT_DELETED = (
    "NOT (model = 'ticket' AND json_extract(CAST(body AS TEXT), '$.status') = 'deleted'"
    " OR model = 'user' AND NOT json_extract(CAST(body AS TEXT), '$.active')"
    " OR model = 'organization' AND json_extract(CAST(body AS TEXT), '$.deleted_at') IS NOT NULL)"
)
"""Lists and searches leave deleted objects out, exports do not."""
SEARCHED = {
    **{
        name: f"json_extract(CAST(body AS TEXT), '$.{name}')"
        for name in ("created_at", "updated_at", "status")
    },
    "is_deleted": f"NOT {NOT_DELETED}",
}
"""Columns that a search reads from an index, and not from the body."""
OF_SUPPORT_TYPE = (
    "SELECT id FROM object WHERE model = 'ticket' AND json_extract(CAST(body AS TEXT), '$.support_type') = ?"
)


def _where(conditions: Sequence[tuple[str, str, str]]) -> tuple[str, list[Any]]:
    """Names are columns of SEARCHED."""
    where = "".join(f" AND {name} {comparison} ?" for name, comparison, _ in conditions)
    return where, [value for *_, value in conditions]


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
        """`number` is for objects whose id is missing or a string."""
        return cls(model, content["id"] if number is None else number, changed, orjson.dumps(content), listed)


class Store:
    """One connection for one thread. The simulated time is one of the facts."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        """The file is then complete without the journal beside it."""
        self._db.close()

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

    def count_all(self, model: str) -> int:
        """Counts the objects of an export."""
        return int(self._db.execute("SELECT COUNT(*) FROM object WHERE model = ?", (model,)).fetchone()[0])

    def contents(self, model: str) -> Iterator[Json]:
        """All objects of an export, parsed."""
        return map(orjson.loads, self.bodies(model, all_of_them=True))

    def count_within(self, model: str, first: int, last: int) -> int:
        """Counts objects with ids from `first` to `last`."""
        sql = "SELECT COUNT(*) FROM object WHERE model = ? AND id BETWEEN ? AND ?"
        return int(self._db.execute(sql, (model, first, last)).fetchone()[0])

    def bodies_within(self, model: str, first: int, last: int) -> list[bytes]:
        """Of objects with ids from `first` to `last`, by id."""
        sql = "SELECT body FROM object WHERE model = ? AND id BETWEEN ? AND ? ORDER BY id"
        return [row[0] for row in self._db.execute(sql, (model, first, last))]

    def bodies_of(self, model: str, ids: Sequence[int]) -> list[bytes]:
        """Of those of these objects that are not deleted, by id."""
        marks = ", ".join("?" * len(ids))
        sql = f"SELECT body FROM object WHERE model = ? AND id IN ({marks}) AND {NOT_DELETED} ORDER BY id"
        return [row[0] for row in self._db.execute(sql, (model, *ids))]

    def lacking(
        self, model: str, other: str, ids: tuple[int, int], after: int, limit: int
    ) -> list[tuple[int, bytes]]:
        """(id, body) of the objects after that id without a counterpart in the model `other`.

        The id of the counterpart is ids[0] + ids[1] * the object's id.
        """
        return self._db.execute(
            "SELECT id, body FROM object AS one WHERE model = ? AND id > ? AND NOT EXISTS"
            " (SELECT 1 FROM object WHERE model = ? AND id = ? + ? * one.id) ORDER BY id LIMIT ?",
            (model, after, other, *ids, limit),
        ).fetchall()

    def count(self, model: str) -> int:
        """Counts the objects in the list."""
        sql = f"SELECT COUNT(*) FROM object WHERE model = ? AND listed AND {NOT_DELETED}"
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
        """(changed, id, body) after that position, up to the time `until`, in order of change.

        `support_type`: the property with the ticket's id, and the support type of the tickets.
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

    def of_listed_tickets_before(
        self, models: tuple[str, str], position: tuple[int, int], limit: int
    ) -> list[tuple[int, int, bytes]]:
        """(changed, id, body) before that position, newest first, of tickets that are neither archived nor deleted."""
        return self._db.execute(
            "SELECT changed, id, body FROM object WHERE model IN (?, ?) AND (changed, id) < (?, ?)"
            f" AND json_extract(CAST(body AS TEXT), '$.ticket_id') IN (SELECT id FROM object WHERE model = 'ticket' AND listed AND {NOT_DELETED})"
            " ORDER BY changed DESC, id DESC LIMIT ?",
            (*models, *position, limit),
        ).fetchall()

    def listed_after(
        self, model: str, object_id: int, limit: int, offset: int = 0
    ) -> list[tuple[int, bytes]]:
        """(id, body) after that id, in order of ids."""
        return self._db.execute(
            f"SELECT id, body FROM object WHERE model = ? AND id > ? AND listed AND {NOT_DELETED} ORDER BY id LIMIT ? OFFSET ?",
            (model, object_id, limit, offset),
        ).fetchall()

    def count_found(self, model: str, conditions: Sequence[tuple[str, str, str]]) -> int:
        """Counts objects that are not deleted and meet the conditions: column of SEARCHED, comparison, value."""
        self._index_search()
        where, values = _where(conditions)
        sql = f"SELECT COUNT(*) FROM object WHERE model = ? AND NOT is_deleted {where}"
        return int(self._db.execute(sql, (model, *values)).fetchone()[0])

    def found(
        self,
        model: str,
        conditions: Sequence[tuple[str, str, str]],
        after: tuple[str, int] | None,
        limit: int,
    ) -> list[tuple[str, int, bytes]]:
        """(created_at, id, body) of those objects after that one, newest first."""
        self._index_search()
        where, values = _where(conditions)
        if after is not None:
            where += " AND (created_at, id) < (?, ?)"
            values += after
        return self._db.execute(
            f"SELECT created_at, id, body FROM object WHERE model = ? AND NOT is_deleted {where}"
            " ORDER BY created_at DESC, id DESC LIMIT ?",
            (model, *values, limit),
        ).fetchall()

    def _index_search(self) -> None:
        """Only for accounts that are searched."""
        known = {row[1] for row in self._db.execute("PRAGMA table_xinfo(object)")}
        for name, expression in SEARCHED.items():
            if name not in known:
                self._db.execute(f"ALTER TABLE object ADD COLUMN {name} AS ({expression})")
        self._db.execute(
            "CREATE INDEX IF NOT EXISTS object_by_search"
            " ON object (model, created_at, id, updated_at, status) WHERE NOT is_deleted"
        )

    def updated_after(
        self, model: str, updated: str, object_id: int, limit: int
    ) -> list[tuple[str, int, bytes]]:
        """(updated_at, id, body) of listed objects after that position, in order of change."""
        self._db.execute(
            f"CREATE INDEX IF NOT EXISTS object_by_update ON object (model, {UPDATED}, id)"
        )  # only for accounts that use this order
        return self._db.execute(
            f"SELECT {UPDATED}, id, body FROM object WHERE model = ? AND ({UPDATED}, id) > (?, ?)"
            f" AND listed AND {NOT_DELETED} ORDER BY {UPDATED}, id LIMIT ?",
            (model, updated, object_id, limit),
        ).fetchall()

    def bodies(self, model: str, *, all_of_them: bool) -> Iterator[bytes]:
        """All objects of an export, or the listed ones."""
        sql = "SELECT body FROM object WHERE model = ? AND (listed OR ?) ORDER BY id"
        for row in self._db.cursor().execute(sql, (model, all_of_them)):
            yield row[0]
