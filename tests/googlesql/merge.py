"""A MERGE as the DELETE, UPDATE and INSERT that do the same, because Google's engine evaluates no MERGE."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE, BEFORE = "merge.source", "merge.target_before"
"""Tables that have to have the rows of the source, and those of the target as they are before the first statement."""
HEAD = re.compile(
    r"\s*MERGE\s+(?:INTO\s+)?(?P<target>\S+)(?:\s+AS)?\s+(?P<name>\w+)\s+USING\s+", re.IGNORECASE
)
ALIAS = re.compile(r"\s*(?:AS\s+)?(?P<name>\w+)\s+ON\b", re.IGNORECASE)
CLAUSE = re.compile(r"\bWHEN\s+(?=(?:NOT\s+)?MATCHED\b)", re.IGNORECASE)
ACTION = re.compile(
    r"(?P<kind>MATCHED|NOT\s+MATCHED(?:\s+BY\s+(?:SOURCE|TARGET))?)\s+(?:AND\s+(?P<condition>.*?)\s+)?"
    r"THEN\s+(?P<action>UPDATE\s+SET|DELETE|INSERT)(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
INSERTED = re.compile(r"\s*\((?P<columns>.*?)\)\s*VALUES\s*\((?P<values>.*)\)\s*", re.IGNORECASE | re.DOTALL)
ORDER = ("DELETE", "UPDATE", "INSERT")
"""What is deleted is not updated, and what is inserted is not deleted."""


@dataclasses.dataclass(frozen=True)
class Merge:
    """`source`: a table, or a query in parentheses. `clauses`: (kind, condition, action, rest)."""

    target: str
    target_name: str
    source: str
    source_name: str
    condition: str
    clauses: tuple[tuple[str, str, str, str], ...]

    def statements(self) -> list[str]:
        """Each of the rows as they are before, because a row meets only the first clause whose condition holds."""
        return [one for action in ORDER for kept, one in self._statements() if kept == action]

    def _statements(self) -> Iterator[tuple[str, str]]:
        target, source = f"{self.target} AS {self.target_name}", f"{SOURCE} AS {self.source_name}"
        earlier: dict[str, list[str]] = {}
        for kind, own, action, rest in self.clauses:
            others = earlier.setdefault(kind, [])
            condition = " AND ".join([f"({own})", *(f"NOT IFNULL({one}, FALSE)" for one in others)])
            others.append(own)
            matched = f"EXISTS (SELECT 1 FROM {source} WHERE {self.condition} AND {condition})"
            if kind == "NOT MATCHED BY SOURCE":
                matched = f"{condition} AND NOT EXISTS (SELECT 1 FROM {source} WHERE {self.condition})"
            if action == "DELETE":
                yield action, f"DELETE FROM {target} WHERE {matched}"
            elif action == "UPDATE":
                yield (
                    action,
                    f"UPDATE {target} SET {rest} FROM {source} WHERE {self.condition} AND {condition}",
                )
            elif inserted := INSERTED.fullmatch(rest):
                known = f"SELECT 1 FROM {BEFORE} AS {self.target_name} WHERE {self.condition}"
                yield (
                    action,
                    (
                        f"INSERT INTO {self.target} ({inserted['columns']}) SELECT {inserted['values']} "
                        f"FROM {source} WHERE {condition} AND NOT EXISTS ({known})"
                    ),
                )


def parsed(sql: str) -> Merge | None:
    """None if it is another statement. Raises ValueError for a clause that is not known."""
    head = HEAD.match(sql)
    if head is None:
        return None
    end = _end_of_source(sql, head.end())
    alias = ALIAS.match(sql, end)
    if alias is None:
        raise ValueError(sql[end : end + 100])
    condition, *clauses = CLAUSE.split(sql[alias.end() :])
    return Merge(
        head["target"],
        head["name"],
        sql[head.end() : end],
        alias["name"],
        f"({condition.strip()})",
        tuple(map(_clause, clauses)),
    )


def _end_of_source(sql: str, start: int) -> int:
    """A table ends at a blank, a query at the parenthesis that closes it. No text of ours has a parenthesis."""
    if sql[start] != "(":
        return start + re.match(r"\S+", sql[start:]).end()  # type: ignore[union-attr]
    depth = 0
    for place in range(start, len(sql)):
        depth += {"(": 1, ")": -1}.get(sql[place], 0)
        if depth == 0:
            return place + 1
    raise ValueError(sql[start : start + 100])


def _clause(text: str) -> tuple[str, str, str, str]:
    found = ACTION.fullmatch(text.strip().rstrip(";"))
    if found is None:
        raise ValueError(text)
    kind = " ".join(found["kind"].upper().split()).removesuffix(" BY TARGET")
    return kind, found["condition"] or "TRUE", found["action"].upper().split()[0], found["rest"]
