"""SQL conditions that rows name one of the people or tickets of an erasure, by the paths of models.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from google.cloud.bigquery import SchemaField

TICKET, ADDRESS = "ticket", "address"
"""In the column `about` of a table with ids, if the id is not one that was asked for: a ticket in which these users took
part, and the fingerprint of an email address of these users."""


FOREVER = "TIMESTAMP '9999-12-31'"


def asked(ids: str, time: str = "", until: str = "until") -> str:
    """SQL of the ids that an erasure is about. `ids`: a table. `time`: SQL of a row's time, if only rows up to the time in the
    column `until` are meant, where there is one.
    """
    bound = f" AND {time} <= IFNULL({until}, {FOREVER})" if time else ""
    return f"SELECT id FROM {ids} WHERE about IS NULL{bound}"


def found(ids: str, about: str) -> str:
    """SQL of further ids."""
    return f"SELECT id FROM {ids} WHERE about = '{about}'"


def of_people(  # noqa: PLR0913, PLR0917 - the parts of a join
    selected: str,
    paths: Iterable[str],
    fields: Mapping[str, SchemaField],
    table: str,
    ids: str,
    about: str | None,
) -> str:
    """FROM clause: each row of a table, `named`, as often as it has one of the ids at the paths, and the id, `asked`.

    `selected`: its columns, in SQL; `about`: which of the ids, None: those that were asked for.
    """
    arrays = ", ".join(_array(path, fields, is_address=about == ADDRESS) for path in paths)
    wanted = f"about = '{about}'" if about else "about IS NULL"
    return (
        f"FROM (SELECT {selected}, _exported_at AS exported_at, ARRAY_CONCAT({arrays}) AS people FROM {table}) AS named "
        f"CROSS JOIN UNNEST(named.people) AS person JOIN {ids} AS asked ON asked.id = person AND asked.{wanted}"
    )


def in_time(key: str, source: str) -> str:
    """SQL condition that a row is one of `source`, a FROM clause of `of_people` with the column `place`, and not later than
    its `until`. `key`: of the row. Subqueries that depend on each row's time would be one join each.
    """
    return (
        f"{place(key)} IN (SELECT named.place {source} "
        f"AND named.exported_at <= IFNULL(asked.until, {FOREVER}))"
    )


def place(key: str) -> str:
    """SQL that differs between all versions of all objects of a table."""
    return f"CONCAT(CAST(`{key}` AS STRING), ' ', CAST(UNIX_MICROS(_exported_at) AS STRING))"


def fingerprint(address: str) -> str:
    """SQL of a number instead of an address, because tables with ids hold no content."""
    return f"FARM_FINGERPRINT(LOWER({address}))"


def names(path: str, fields: Mapping[str, SchemaField], wanted: str, *, is_address: bool = False) -> str:
    """SQL condition that the path of a table's row has one of the `wanted` numbers. `fields`: the table's, by name."""
    place, _, condition = path.partition("?")
    listed, _, inside = place.rpartition("[]")
    if not listed:
        column, _, below = inside.partition(".")
        tested = _one_of(_scalar(fields[column], below), wanted, is_address=is_address)
    else:
        values, value = _listed(listed, inside, fields)
        one = _one_of(value, wanted, is_address=is_address)
        tested = f"EXISTS (SELECT 1 FROM UNNEST({values}) AS one WHERE {one})"
    return f"({condition} AND {tested})" if condition else tested


def names_in_payload(path: str, wanted: str, *, is_address: bool = False) -> str:
    """The same of the JSON text in the column `payload`."""
    place, _, condition = path.partition("?")
    if condition:
        column, _, value = condition.partition(" = ")
        condition = f"SAFE.JSON_VALUE(payload, '$.{column}') = {value} AND "
    listed, _, inside = place.rpartition("[]")
    if not listed:
        value = f"SAFE.JSON_VALUE(payload, '{_json(inside)}')"
        return f"{condition}{_one_of(value, wanted, is_address=is_address)}"
    # parsed first, because JSON_QUERY_ARRAY fails with text that is not JSON
    values = f"JSON_QUERY_ARRAY(SAFE.PARSE_JSON(payload, wide_number_mode => 'round'), '{_json(listed)}')"
    one = _one_of(f"JSON_VALUE(one, '{_json(inside)}')", wanted, is_address=is_address)
    return f"{condition}EXISTS (SELECT 1 FROM UNNEST({values}) AS one WHERE {one})"


def _array(path: str, fields: Mapping[str, SchemaField], *, is_address: bool) -> str:
    place, _, condition = path.partition("?")
    listed, _, inside = place.rpartition("[]")
    if not listed:
        column, _, below = inside.partition(".")
        array = f"[{_number(_scalar(fields[column], below), is_address=is_address)}]"
    else:
        values, value = _listed(listed, inside, fields)
        array = f"ARRAY(SELECT {_number(value, is_address=is_address)} FROM UNNEST({values}) AS one)"
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


def _one_of(value: str, wanted: str, *, is_address: bool) -> str:
    return f"{_number(value, is_address=is_address)} IN ({wanted})"


def _number(value: str, *, is_address: bool) -> str:
    return fingerprint(value) if is_address else f"SAFE_CAST({value} AS INT64)"
