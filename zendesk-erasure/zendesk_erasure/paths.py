"""SQL conditions that rows name one of the people or tickets of an erasure, by the paths of models.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.cloud.bigquery import SchemaField

TICKET, ADDRESS = "ticket", "address"
"""In the column `about` of a table with ids, if the id is not one that was asked for: a ticket in which these users took
part, and the fingerprint of an email address of these users."""


def asked(ids: str, time: str = "", until: str = "until") -> str:
    """SQL of the ids that an erasure is about. `ids`: a table. `time`: SQL of a row's time, if only rows up to the time in the
    column `until` are meant.
    """
    return f"SELECT id FROM {ids} WHERE about IS NULL" + (f" AND {time} <= {until}" if time else "")


def found(ids: str, about: str) -> str:
    """SQL of further ids."""
    return f"SELECT id FROM {ids} WHERE about = '{about}'"


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
        column, _, below = listed.partition(".")
        is_json = fields[column].field_type == "JSON"
        values = f"JSON_QUERY_ARRAY(`{column}`, '{_json(below)}')" if is_json else f"`{column}`"
        value = f"JSON_VALUE(one, '{_json(inside)}')" if is_json else f"one{inside}"
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


def column_of(path: str) -> str:
    """The column in which a path begins."""
    return path.partition("?")[0].partition(".")[0].removesuffix("[]")


def number(path: str, fields: Mapping[str, SchemaField]) -> str:
    """SQL of the number there."""
    column, _, below = path.partition(".")
    return f"SAFE_CAST({_scalar(fields[column], below)} AS INT64)"


def _scalar(field: SchemaField, below: str) -> str:
    if not below:
        return f"`{field.name}`"
    if field.field_type == "JSON":
        return f"JSON_VALUE(`{field.name}`, '{_json(below)}')"
    return f"`{field.name}`.{below}"


def _json(below: str) -> str:
    return f"$.{below.removeprefix('.')}" if below else "$"


def _one_of(value: str, wanted: str, *, is_address: bool) -> str:
    return f"{fingerprint(value) if is_address else f'SAFE_CAST({value} AS INT64)'} IN ({wanted})"
