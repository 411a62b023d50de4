"""What counts as content: the rules by which columns are blanked.

Of the tap's tables these are the personal columns, the same that carry a policy tag. Keys, times, Zendesk's ids and
what administrators define (status, priority, form) stay, and so do the computed columns of current tables, which have
nothing else. A column that the schema files do not know is blanked, too.

- A ticket is erased in every row that names it: all personal columns. In ticket_field_history, values of the fields that
  ticket has as columns without a mark stay, and those of schedules.
- Properties that the schema files lack, if a setting keeps them, may be of any kind: they are erased with a ticket, and with a
  user in all rows of the user's tickets.
- A user is erased in every row about the user: all personal columns. In rows in which the user took part: what identifies a
  person. In all other rows of these tickets: names and addresses. The text of a ticket belongs to the ticket; of its JSON
  only properties with a name or address are blanked.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

from tap_zendesk_cityblock.columns import MARK, load_schema
from tap_zendesk_cityblock.models import MODELS, UNKNOWN_PROPERTIES
from target_bigquery.names import column_name

from zendesk_erasure import paths

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from google.cloud.bigquery import SchemaField
    from tap_zendesk_cityblock.model_types import Model

Kind = Literal["ticket", "user"]
REACHING = frozenset({"name", "contact", "picture"})
"""Kinds that a row of a ticket may have of anybody who took part in the ticket."""
IDENTIFYING = REACHING | {"identifier"}
STUB = "_stub_"
"""Of a current table's columns with values of a deletion stub."""
OF_FIELD = ("value", "previous_value")
"""Columns of a table with a row per field: whose values they are is in `field_name`."""
PROPERTIES = (
    "address", "agent_full_name", "agent_name", "answered_by_name", "author_name", "comment", "display_name", "email",
    "email_address", "formatted_from", "formatted_to", "from", "location", "name", "nick", "original_recipients", "phone",
    "recipient", "to",
)  # fmt: skip
"""With a name, an address or a person's comment, in JSON that has text of the ticket as well."""
STRING = r'"(?:[^"\\]|\\.)+"'
NAMED = rf'"({"|".join(PROPERTIES)})"\s*:\s*({STRING}|\[\s*{STRING}(?:\s*,\s*{STRING})*\s*\])'
"""Regular expression of such a property with a text or a list of texts."""


@dataclasses.dataclass(frozen=True)
class Blanked:
    """A column to blank. `value`: what it becomes; `held`: SQL condition that it has content."""

    column: str
    value: str
    held: str

    def where(self, condition: str) -> Blanked:
        """Only in rows for which the SQL condition holds."""
        kept = f"IF({condition}, {self.value}, `{self.column}`)"
        return Blanked(self.column, kept, f"({condition}) AND {self.held}")


@dataclasses.dataclass(frozen=True)
class Rows:
    """SQL conditions of one table's rows: `about`, those about the tickets or users; in which the users `took_part`; and
    those of their `tickets`. Each includes the ones before it. `places`: what they are joined with.
    """

    about: str
    took_part: str
    tickets: str
    places: paths.Places | None = None


def models(kind: Kind) -> list[Model]:
    """Those with content of tickets or users. Of a ticket's row that has no personal column, it may be unknown properties."""
    return [model for model in MODELS.values() if _has_content(model, kind)]


def unnamed() -> list[str]:
    """Models with personal columns, none of which names a ticket or user."""
    named = {model.name for kind in ("ticket", "user") for model in models(kind)}
    return [model.name for model in MODELS.values() if _kinds(model) and model.name not in named]


def is_blanked_with_user(model: Model, column: str) -> bool:
    """Whether an erasure of a user blanks a personal column in any row: its whole value, or names in it."""
    kind, is_named = _kinds(model)[column], bool(model.participants or model.addresses)
    may_have_names = kind in REACHING or column in model.with_names
    return (
        bool(model.users)
        or (kind in IDENTIFYING and is_named)
        or (may_have_names and (is_named or model.ticket is not None))
    )


def rows_of(  # noqa: PLR0913 - of a model's table, and of an erasure
    model: Model, kind: Kind, fields: Mapping[str, SchemaField], table: str, ids: str, *, is_bounded: bool
) -> Rows:
    """`fields`: of the `table`, by name; `ids`: a table. `is_bounded`: only rows read until the time that the table says, which
    holds of users in any case.
    """
    if kind == "ticket":
        there = model.ticket and paths.column_of(model.ticket) in fields
        asked = paths.asked(ids, "_exported_at" if is_bounded else "")
        of_ticket = f"{paths.number(model.ticket or '', fields)} IN ({asked})" if there else NOWHERE
        return Rows(of_ticket, of_ticket, of_ticket)
    named = [one for one in people_of(model) if paths.column_of(one[2]) in fields]
    if not named:
        return Rows(NOWHERE, NOWHERE, NOWHERE)
    levels = {level for level, *_ in named}
    people = paths.arrays(named, fields)
    return Rows(
        _up_to(paths.ABOUT, levels),
        _up_to(paths.TOOK_PART, levels),
        EVERYWHERE,
        paths.places(paths.place(model.key), "_exported_at", people, table, ids),
    )


def _up_to(level: int, levels: Collection[int]) -> str:
    """SQL condition. `levels`: those that rows of the table may have."""
    if level >= max(levels):
        return EVERYWHERE
    return f"found._level <= {level}" if level >= min(levels) else NOWHERE


def people_of(model: Model) -> Iterator[tuple[int, str | None, str]]:
    """Paths to the users whom its rows are about, or who took part, and to the ticket."""
    yield from ((paths.ABOUT, None, path) for path in model.users)
    yield from ((paths.TOOK_PART, None, path) for path in model.participants)
    of_address = paths.ABOUT if model.users else paths.TOOK_PART
    yield from ((of_address, paths.ADDRESS, path) for path in model.addresses)
    if model.ticket:
        yield paths.OF_TICKET, paths.TICKET, model.ticket


def others_of(model: Model) -> paths.Named:
    """Paths to further users of its ticket."""
    return [(paths.OF_TICKET, None, path) for path in model.others]


def blanked(model: Model, rows: Rows, fields: Iterable[SchemaField]) -> list[Blanked]:
    """Of its table or current table. A column that some of the rows keep has a condition."""
    made = [one for field in fields for one in _of_field(model, rows, field)]
    return [
        one if condition == rows.tickets else one.where(condition)
        for one, condition in made
        if condition != NOWHERE
    ]


def whole(model: Model, fields: Iterable[SchemaField]) -> list[Blanked]:
    """All content of its rows."""
    return blanked(model, Rows(EVERYWHERE, EVERYWHERE, EVERYWHERE), fields)


EVERYWHERE, NOWHERE = "TRUE", "FALSE"


def _has_content(model: Model, kind: Kind) -> bool:
    if kind == "ticket":
        return model.ticket is not None
    return any(is_blanked_with_user(model, column) for column in _kinds(model))


def _kinds(model: Model) -> dict[str, str]:
    """Kinds of the personal columns, by column."""
    properties = load_schema(model.name)["properties"]
    return {
        column_name(name): schema[MARK]["personal"]
        for name, schema in properties.items()
        if "personal" in schema.get(MARK, {})
    }


def _of_field(model: Model, rows: Rows, field: SchemaField) -> list[tuple[Blanked, str]]:
    """What the column is set to, and in which rows. An UPDATE may set a column only once."""
    name = field.name.removeprefix(STUB)
    kinds, known = _kinds(model), {column_name(one) for one in load_schema(model.name)["properties"]}
    known |= {one.name for one in model.computed}
    kind = kinds.get(name, None if name in known else "text")
    is_unknown = name == UNKNOWN_PROPERTIES
    if (name.startswith("_") and not is_unknown) or kind is None:
        return []
    if kind in REACHING or is_unknown:
        return [(_emptied(field), rows.tickets)]
    if kind in IDENTIFYING:
        return [(_emptied(field), rows.took_part)]
    is_by_field = model.derivation is not None and model.derivation.by_field and name in OF_FIELD
    some = _names_of_fields(field) if is_by_field else _names(field) if name in model.with_names else None
    if some is None or rows.about == rows.tickets:
        return [(_unless_plain(model, field) if is_by_field else _emptied(field), rows.about)]
    if rows.about == NOWHERE:
        return [(some, rows.tickets)]
    both = Blanked(
        field.name,
        f"IF({rows.about}, NULL, {some.value})",
        f"(({rows.about}) AND {_emptied(field).held} OR {some.held})",
    )
    return [(both, rows.tickets)]


def _emptied(field: SchemaField) -> Blanked:
    column = f"`{field.name}`"
    held = f"ARRAY_LENGTH({column}) > 0" if field.mode == "REPEATED" else f"{column} IS NOT NULL"
    return Blanked(field.name, "NULL", held)


def _names(field: SchemaField) -> Blanked:
    """Only properties with names and addresses, if the column is JSON."""
    if field.field_type != "JSON" or field.mode == "REPEATED":
        return _emptied(field)
    text = f"TO_JSON_STRING(`{field.name}`)"
    return Blanked(
        field.name,
        f"PARSE_JSON(REGEXP_REPLACE({text}, r'{NAMED}', r'\"\\1\":null'), wide_number_mode => 'round')",
        f"REGEXP_CONTAINS({text}, r'{NAMED}')",
    )


def _unless_plain(model: Model, field: SchemaField) -> Blanked:
    """Values of fields that ticket has as columns without a mark stay, and what the view shows of a scrubbed ticket."""
    kinds = _kinds(MODELS["ticket"])
    plain = [name for name in load_schema("ticket")["properties"] if name not in kinds and name[0] != "_"]
    shown = f"IFNULL({model.kept_of_scrubbed or NOWHERE}, FALSE)"
    return _emptied(field).where(f"NOT ({_is_field(plain)} OR {shown})")


def _names_of_fields(field: SchemaField) -> Blanked:
    """Values of fields that ticket has as columns that identify people."""
    identifying = [name for name, kind in _kinds(MODELS["ticket"]).items() if kind in IDENTIFYING]
    return _emptied(field).where(_is_field(identifying))


def _is_field(named: Iterable[str]) -> str:
    listed = ", ".join(f"'{name}'" for name in named)
    return f"IFNULL(field_name IN ({listed}), FALSE)"
