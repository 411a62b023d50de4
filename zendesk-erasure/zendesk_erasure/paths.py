"""SQL for the people and tickets that rows name, by the paths of models.py, and conditions that select those of an
erasure.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from google.cloud.bigquery import SchemaField

    Named = Iterable[tuple[int, str | None, str]]
    """Paths, each with its level, and what is there: None, an id of the kind that was asked for; otherwise TICKET or ADDRESS."""

TICKET, ADDRESS = "ticket", "address"
"""In the column `about` of a table with ids, if the id is not one that was asked for: a ticket in which these users took
part, and the fingerprint of an email address of these users."""


ABOUT, TOOK_PART, OF_TICKET = 1, 2, 3
"""Levels: the row is about one of the users, one took part in it, or it is of a ticket in which one did."""
FOREVER = "TIMESTAMP '9999-12-31'"


def asked(ids: str, time: str = "", until: str = "until") -> str:
    """SQL of the ids that an erasure is about. `ids`: a table. `time`: SQL of a row's time, if only rows up to the time in the
    column `until` are meant, where there is one.
    """
    bound = f" AND {time} <= IFNULL({until}, {FOREVER})" if time else ""
    return f"SELECT id FROM {ids} WHERE about IS NULL{bound}"


def of_people(selected: str, people: Iterable[str], table: str, ids: str) -> str:
    """FROM clause: each row of a table, `named`, as often as it names one of the ids: `person`, and the id, `asked`.

    `selected`: its columns, in SQL; `people`: SQL arrays, from `arrays` or `arrays_of_payload`.
    """
    wanted = "CONCAT(IFNULL(asked.about, ''), ' ', CAST(asked.id AS STRING))"
    return (
        f"FROM (SELECT {selected}, ARRAY_CONCAT({', '.join(people)}) AS people FROM {table}) AS named "
        f"CROSS JOIN UNNEST(named.people) AS person JOIN {ids} AS asked ON {wanted} = person.id"
    )


@dataclasses.dataclass(frozen=True)
class Places:
    """Rows of a table that name one of the ids. `place`: SQL of what differs between rows; `sql`: a query of `_place` and of
    `_level`, the least one, see ABOUT.

    The query is joined, because BigQuery refuses subqueries that depend on a row outside them unless it can make a join of them
    (https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/subqueries#correlated_subquery_concepts).
    """

    place: str
    sql: str

    @property
    def joined(self) -> str:
        """SQL condition of the join with the query, `found`."""
        return f"found._place = {self.place}"


def places(place: str, time: str, people: Iterable[str], table: str, ids: str) -> Places:
    """Without rows that were read after the `until` of their ids. `place`, `time`: SQL of what differs between rows, and of when
    a row was read.
    """
    source = of_people(f"{place} AS _place, {time} AS read_at", people, table, ids)
    in_time = "IFNULL(named.read_at <= asked.until, TRUE)"
    return Places(
        place,
        f"SELECT named._place, MIN(person.level) AS _level {source} WHERE {in_time} GROUP BY named._place",
    )


def place(key: str) -> str:
    """SQL that differs between all versions of all objects of a table."""
    at = "IFNULL(CAST(UNIX_MICROS(_exported_at) AS STRING), '')"
    return f"CONCAT(CAST(`{key}` AS STRING), ' ', {at})"


def fingerprint(address: str) -> str:
    """SQL of a number instead of an address, because tables with ids hold no content."""
    return f"FARM_FINGERPRINT(LOWER({address}))"


def arrays(named: Named, fields: Mapping[str, SchemaField]) -> list[str]:
    """SQL of whom a row names, an array for each path. `fields`: of the table, by name; one of an older release may lack some."""
    return [_array(path, level, about, fields) for level, about, path in named if column_of(path) in fields]


def arrays_of_payload(named: Named) -> Iterator[str]:
    """The same of the JSON text in the column `payload`."""
    for level, about, path in named:
        place, _, condition = path.partition("?")
        if condition:
            column, _, value = condition.partition(" = ")
            condition = f"SAFE.JSON_VALUE(payload, '$.{column}') = {value}"
        listed, _, inside = place.rpartition("[]")
        if not listed:
            value = f"SAFE.JSON_VALUE(payload, '{_json(inside)}')"
            array = f"[{person(value, level, about)}]"
        else:  # parsed first, because JSON_QUERY_ARRAY fails with text that is not JSON
            values = (
                f"JSON_QUERY_ARRAY(SAFE.PARSE_JSON(payload, wide_number_mode => 'round'), '{_json(listed)}')"
            )
            array = _all(values, f"JSON_VALUE(one, '{_json(inside)}')", level, about)
        yield _if(condition, array)


def person(value: str, level: int, about: str | None = None) -> str:
    """SQL of an element of these arrays. `value`: SQL of an id or address."""
    number = fingerprint(value) if about == ADDRESS else f"SAFE_CAST({value} AS INT64)"
    return f"STRUCT({level} AS level, CONCAT('{about or ''} ', CAST({number} AS STRING)) AS id)"


def _array(path: str, level: int, about: str | None, fields: Mapping[str, SchemaField]) -> str:
    place, _, condition = path.partition("?")
    listed, _, inside = place.rpartition("[]")
    if not listed:
        column, _, below = inside.partition(".")
        return _if(condition, f"[{person(_scalar(fields[column], below), level, about)}]")
    return _if(condition, _all(*_listed(listed, inside, fields), level, about))


def _all(values: str, value: str, level: int, about: str | None) -> str:
    return f"ARRAY(SELECT {person(value, level, about)} FROM UNNEST({values}) AS one)"


def _if(condition: str, array: str) -> str:
    return f"IF({condition}, {array}, [])" if condition else array


def column_of(path: str) -> str:
    """The column in which a path begins."""
    return path.partition("?")[0].partition(".")[0].removesuffix("[]")


def number(path: str, fields: Mapping[str, SchemaField]) -> str:
    """SQL of the number there."""
    column, _, below = path.partition(".")
    return f"SAFE_CAST({_scalar(fields[column], below)} AS INT64)"


def _listed(listed: str, inside: str, fields: Mapping[str, SchemaField]) -> tuple[str, str]:
    """SQL of a list, and of the value in its element `one`."""
    column, _, below = listed.partition(".")
    if fields[column].field_type != "JSON":
        return f"`{column}`", f"one{inside}"
    return f"JSON_QUERY_ARRAY(`{column}`, '{_json(below)}')", f"JSON_VALUE(one, '{_json(inside)}')"


def _scalar(field: SchemaField, below: str) -> str:
    if not below:
        return f"`{field.name}`"
    if field.field_type == "JSON":
        return f"JSON_VALUE(`{field.name}`, '{_json(below)}')"
    return f"`{field.name}`.{below}"


def _json(below: str) -> str:
    return f"$.{below.removeprefix('.')}" if below else "$"
