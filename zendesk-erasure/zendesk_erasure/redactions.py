"""Texts that were redacted in Zendesk: keys whose text is now redacted, and earlier rows that still have the
original text.

Zendesk's characters for it are in a later row, or an event says so (docs/zendesk/redactions.md). Other changes of a
text do not count as redactions: chats grow, and a merge changes descriptions.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from cityblock_singer.google.rejected_records import TABLE as REJECTED
from tap_zendesk_cityblock.models import MODELS, REDACTIONS
from target_bigquery.names import column_name
from target_zendesk_pubsub.warehouse import since

from zendesk_erasure.content import whole
from zendesk_erasure.partitions import partitioning_of
from zendesk_erasure.tables import READ_AT, Erasable, of_publisher, of_rejected, publisher_tables, time_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from google.cloud import bigquery

    from zendesk_erasure.warehouse import Warehouse

MARKS = r"▇|redacted\.txt"
"""What Zendesk puts in the place of a redacted text and of a redacted file."""


def _json(values: Mapping[str, str]) -> str:
    """SQL of a text with these values, in SQL by name, so that equal ones of two tables have equal fingerprints."""
    named = ", ".join(f"{value} AS {name}" for name, value in values.items())
    return f"TO_JSON_STRING(STRUCT({named}))"


@dataclasses.dataclass(frozen=True)
class Text:
    """Columns whose text Zendesk replaces when something is redacted. `is_redacted`: SQL condition, if not by MARKS."""

    columns: tuple[str, ...]
    is_redacted: str = ""

    @property
    def json(self) -> str:
        """SQL of the text."""
        return _json({column: column for column in self.columns})

    @property
    def condition(self) -> str:
        """SQL of the rows whose text is a redacted one."""
        return self.is_redacted or f"REGEXP_CONTAINS({self.json}, r'{MARKS}')"


TEXTS = {
    "ticket": Text(("description",)),
    "ticket_comment": Text(("body", "html_body", "plain_body", "attachments")),
    "ticket_event": Text(("child_events",)),
    "ticket_attachment": Text(
        ("content_url", "file_name", "mapped_content_url", "thumbnails"), "is_redacted"
    ),
    "chat": Text(("history", "message")),
}
"""By model."""
LATE = "INTERVAL 1 HOUR"
"""A message is published within this time after it was read."""


def select_keys(dataset: str, existing: set[str], first: datetime | None) -> str:
    """SQL of the keys of rows whose text was redacted, by model, and when the last redacted one first came. Empty: no table
    says so. `existing`: tables. `first`: of exports from then on, None: of all.
    """
    parts = [_marked(name, dataset, first) for name in TEXTS if column_name(name) in existing]
    if {"ticket_comment", "ticket_event"} <= existing:
        comments = [name for name in ("ticket_comment", "ticket_comment_current") if name in existing]
        parts += _named_by_events(dataset, comments, first)
    return " UNION ALL ".join(parts)


def _marked(name: str, dataset: str, first: datetime | None) -> str:
    text, key = TEXTS[name], MODELS[name].key
    return (
        f"SELECT '{name}' AS redacted_model, CAST(id AS STRING) AS redacted_key, "
        "MIN(IF(print = latest, exported_at, NULL)) AS redacted_at, ANY_VALUE(latest) AS fingerprint "
        "FROM (SELECT id, exported_at, print, "
        "FIRST_VALUE(print) OVER (PARTITION BY id ORDER BY exported_at DESC) AS latest "
        f"FROM (SELECT `{key}` AS id, _exported_at AS exported_at, FARM_FINGERPRINT({text.json}) AS print "
        f"FROM {dataset}.{column_name(name)} WHERE {since('_exported_at', first)} AND {text.condition})) GROUP BY id"
    )


def _named_by_events(dataset: str, comments: Iterable[str], first: datetime | None) -> Iterator[str]:
    """Comments, and the events that had them, if an event says that the comment or a file of it was redacted, from the last of
    these redactions on. `comments`: tables.
    """
    names = ", ".join(f"'{name}'" for name in sorted(REDACTIONS))
    redactions = (
        "SELECT comment, MAX(first_exported) AS redacted_at FROM ("
        "SELECT id, JSON_VALUE(child, '$.comment_id') AS comment, MIN(_exported_at) AS first_exported "
        f"FROM {dataset}.ticket_event, UNNEST(JSON_QUERY_ARRAY(child_events)) AS child "
        f"WHERE {since('_exported_at', first)} AND JSON_VALUE(child, '$.event_type') IN ({names}) "
        "AND JSON_VALUE(child, '$.comment_id') IS NOT NULL GROUP BY id, comment) GROUP BY comment"
    )
    yield (
        "SELECT 'ticket_comment' AS redacted_model, comment AS redacted_key, redacted_at, CAST(NULL AS INT64) AS fingerprint "
        f"FROM ({redactions})"
    )
    places = " UNION DISTINCT ".join(f"SELECT id, ticket_event_id FROM {dataset}.{name}" for name in comments)
    yield (
        "SELECT 'ticket_event' AS redacted_model, CAST(place.ticket_event_id AS STRING) AS redacted_key, "
        "MIN(redaction.redacted_at) AS redacted_at, CAST(NULL AS INT64) AS fingerprint "
        f"FROM ({places}) AS place JOIN ({redactions}) AS redaction "
        "ON place.id = SAFE_CAST(redaction.comment AS INT64) WHERE place.ticket_event_id IS NOT NULL "
        "GROUP BY place.ticket_event_id"
    )


def replaced_tables(warehouse: Warehouse, datasets: tuple[str, str], ids: str) -> Iterator[Erasable]:
    """The tables with earlier texts, and rejected records; of a description, messages as well. Raises WarehouseError."""
    dataset, _ = datasets
    existing = {one: warehouse.names(one) for one in datasets}
    for name in TEXTS:
        raw = column_name(name)
        for table in (raw, f"{raw}_current"):
            if table in existing[dataset]:
                yield _replaced(name, warehouse.get(f"{dataset}.{table}"), f"{dataset}.{table}", ids)
    if REJECTED in existing[dataset]:
        earlier = _earlier(ids, "stream", "record_key", f"{READ_AT} < redacted_at")
        yield of_rejected(warehouse, dataset, earlier)
    yield from _earlier_messages(warehouse, datasets, ids, existing)


def _replaced(name: str, table: bigquery.Table, place: str, ids: str) -> Erasable:
    model, text = MODELS[name], TEXTS[name]
    blanks = whole(model, table.schema)
    if name == "ticket":  # the rest of an earlier version is history
        blanks = [blank for blank in blanks if blank.column in text.columns]
    of_row = (ids, f"'{name}'", f"CAST(`{model.key}` AS STRING)")
    earlier = "_exported_at < redacted_at"
    return Erasable(
        place,
        _earlier(*of_row, earlier),
        tuple(blanks),
        partitioning_of(table),
        unless=_unless_other(*of_row, earlier, text.json),
    )


def _earlier_messages(
    warehouse: Warehouse, datasets: tuple[str, str], ids: str, existing: Mapping[str, set[str]]
) -> Iterator[Erasable]:
    """Of a run that was under way, too. One with the redacted description stays, whenever it was read: the publisher reads tickets
    more often than they are exported, and a ticket that waits with it would never be published without it.
    """
    for declared in publisher_tables(warehouse, *datasets):
        if declared.name in existing[declared.dataset]:
            of_ticket = (ids, "'ticket'", "CAST(ticket_id AS STRING)")
            earlier = f"`{time_of(declared)}` < TIMESTAMP_ADD(redacted_at, {LATE})"
            description = f"SAFE.JSON_VALUE(`{declared.personal}`, '$.description')"
            unless = _unless_other(*of_ticket, earlier, _json({"description": description}))
            erasable = of_publisher(warehouse, declared, _earlier(*of_ticket, earlier))
            yield dataclasses.replace(erasable, unless=unless)


def _earlier(ids: str, model: str, key: str, condition: str) -> str:
    """SQL condition. `model`, `key`: SQL of a row's."""
    return f"EXISTS (SELECT 1 FROM {ids} WHERE redacted_model = {model} AND redacted_key = {key} AND {condition})"


def _unless_other(ids: str, model: str, key: str, condition: str, text: str) -> str:
    """SQL condition: of the redactions of `condition`, none left another text in the row than `text`, SQL of what it has."""
    other = f"{condition} AND IFNULL(fingerprint != FARM_FINGERPRINT({text}), TRUE)"
    return f"NOT {_earlier(ids, model, key, other)}"
