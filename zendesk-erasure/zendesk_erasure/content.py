"""What counts as content: the rule by which columns are blanked.

Of the tap's tables these are the personal columns, the same that carry a policy tag. Keys, times, Zendesk's ids and
what administrators define (status, priority, form) stay. A column that the schema files do not know is blanked, too.

- A ticket is erased in every row that names it: all personal columns. In ticket_field_history, values of the fields that
  ticket has as columns without a mark stay.
- A user is erased in every row about the user: all personal columns. In rows of tickets in which the user took part: what
  identifies a person. The text of a ticket belongs to the ticket.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

from tap_zendesk_cityblock.columns import MARK, load_schema
from tap_zendesk_cityblock.models import MODELS
from target_bigquery.names import column_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from google.cloud.bigquery import SchemaField
    from tap_zendesk_cityblock.model_types import Model

Kind = Literal["ticket", "user"]
IDENTIFYING = frozenset({"name", "contact", "identifier", "picture"})
STUB = "_stub_"
"""Of a current table's columns with values of a deletion stub."""
OF_FIELD = ("value", "previous_value")
"""Columns of a table with a row per field: whose values they are is in `field_name`."""


@dataclasses.dataclass(frozen=True)
class Blanked:
    """A column to blank. `value`: what it becomes; `held`: SQL condition that it has content."""

    column: str
    value: str
    held: str


def subjects(model: Model, kind: Kind) -> tuple[str, ...]:
    """The columns that name the tickets or users whose content the personal columns have."""
    if kind == "ticket":
        return (model.ticket,) if model.ticket else ()
    return model.users or model.participants


def models(kind: Kind) -> list[Model]:
    """Those with content of tickets or users."""
    return [model for model in MODELS.values() if subjects(model, kind) and _kinds(model)]


def unnamed() -> list[str]:
    """Models with personal columns, none of which names a ticket or user."""
    return [
        model.name
        for model in MODELS.values()
        if _kinds(model) and not (subjects(model, "ticket") or subjects(model, "user"))
    ]


def blanked(model: Model, kind: Kind, fields: Iterable[SchemaField]) -> list[Blanked]:
    """`fields`: of its table or current table."""
    known = {column_name(name) for name in load_schema(model.name)["properties"]}
    kinds = _kinds(model)
    return [
        _blanked(model, field)
        for field in fields
        if _is_content(field.name, kinds, known, only_identifying=kind == "user" and not model.users)
    ]


def named(path: str, fields: Mapping[str, str], ids: str) -> str:
    """SQL condition that the column, or the property in a JSON column, names one of `ids`, a table. `fields`: types by name."""
    column, _, inside = path.partition(".")
    if inside:
        return f"SAFE_CAST(JSON_VALUE(`{column}`, '$.{inside}') AS INT64) IN (SELECT id FROM {ids})"
    value = f"`{column}`" if fields[column] == "INTEGER" else f"SAFE_CAST(`{column}` AS INT64)"
    return f"{value} IN (SELECT id FROM {ids})"


def _kinds(model: Model) -> dict[str, str]:
    """Kinds of the personal columns, by column."""
    properties = load_schema(model.name)["properties"]
    return {
        column_name(name): schema[MARK]["personal"]
        for name, schema in properties.items()
        if "personal" in schema.get(MARK, {})
    }


def _is_content(name: str, kinds: Mapping[str, str], known: set[str], *, only_identifying: bool) -> bool:
    column = name.removeprefix(STUB)
    if column.startswith("_"):
        return False
    kind = kinds.get(column, None if column in known else "text")
    return kind in IDENTIFYING if only_identifying else kind is not None


def _blanked(model: Model, field: SchemaField) -> Blanked:
    column = f"`{field.name}`"
    if field.mode == "REPEATED":
        return Blanked(field.name, "NULL", f"ARRAY_LENGTH({column}) > 0")
    held = f"{column} IS NOT NULL"
    if model.derivation is not None and model.derivation.by_field and field.name in OF_FIELD:
        plain = ", ".join(f"'{name}'" for name in _plain_fields())
        is_plain = f"IFNULL(field_name IN ({plain}), FALSE)"
        return Blanked(field.name, f"IF({is_plain}, {column}, NULL)", f"{held} AND NOT {is_plain}")
    return Blanked(field.name, "NULL", held)


def _plain_fields() -> list[str]:
    """Columns of ticket without a mark."""
    kinds = _kinds(MODELS["ticket"])
    return [name for name in load_schema("ticket")["properties"] if name not in kinds and name[0] != "_"]
