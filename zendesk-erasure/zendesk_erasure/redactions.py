"""Texts that were redacted in Zendesk: which keys have a redacted text now, and which earlier rows still have the other one.

Zendesk's characters for it are in a later row, or an event says so (docs/zendesk/redactions.md). Any other change of a text is
none: chats grow, and descriptions are another comment's after a merge.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from cityblock_singer.google.rejected_records import TABLE as REJECTED
from tap_zendesk_cityblock.models import MODELS
from target_bigquery.names import column_name
from target_zendesk_pubsub.warehouse import since

from zendesk_erasure.content import whole
from zendesk_erasure.partitions import partitioning_of
from zendesk_erasure.tables import READ_AT, Erasable, of_publisher, of_rejected, publisher_tables, time_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from zendesk_erasure.warehouse import Warehouse

MARKS = r"▇|redacted\.txt"
"""What Zendesk puts in the place of a redacted text and of a redacted file."""


@dataclasses.dataclass(frozen=True)
class Text:
    """Columns whose text Zendesk replaces when something is redacted. `is_redacted`: SQL condition, if not by MARKS."""

    columns: tuple[str, ...]
    is_redacted: str = ""

    @property
    def json(self) -> str:
        """SQL of the text."""
        return f"TO_JSON_STRING(STRUCT({', '.join(self.columns)}))"

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


def select_keys(name: str, dataset: str, existing: set[str], first: datetime | None) -> str:
    """Keys of rows whose text was redacted, and when the last redacted one first came."""
    text, key = TEXTS[name], MODELS[name].key
    table = f"{dataset}.{column_name(name)}"
    sql = (
        "SELECT CAST(id AS STRING) AS redacted_key, MIN(IF(print = latest, exported_at, NULL)) AS redacted_at, "
        "ANY_VALUE(latest) AS fingerprint "
        "FROM (SELECT id, exported_at, print, "
        "FIRST_VALUE(print) OVER (PARTITION BY id ORDER BY exported_at DESC) AS latest "
        f"FROM (SELECT `{key}` AS id, _exported_at AS exported_at, FARM_FINGERPRINT({text.json}) AS print "
        f"FROM {table} WHERE {since('_exported_at', first)} AND {text.condition})) GROUP BY id"
    )
    if name == "ticket_comment" and "ticket_event" in existing:
        sql += (
            " UNION ALL SELECT JSON_VALUE(child, '$.comment_id') AS redacted_key, MIN(_exported_at) AS redacted_at, "
            "CAST(NULL AS INT64) AS fingerprint "
            f"FROM {dataset}.ticket_event, UNNEST(JSON_QUERY_ARRAY(child_events)) AS child "
            f"WHERE {since('_exported_at', first)} AND JSON_VALUE(child, '$.event_type') = 'CommentRedactionEvent' "
            "AND JSON_VALUE(child, '$.comment_id') IS NOT NULL GROUP BY redacted_key"
        )
    return sql


def replaced_tables(
    name: str, warehouse: Warehouse, datasets: tuple[str, str], ids: str
) -> Iterator[Erasable]:
    """The tables with earlier texts, and rejected records; of a description, messages as well. Raises WarehouseError."""
    dataset, _ = datasets
    model, text = MODELS[name], TEXTS[name]
    existing = {one: warehouse.names(one) for one in datasets}
    raw = column_name(model.name)
    key = f"CAST(`{model.key}` AS STRING)"
    same = f"FARM_FINGERPRINT({text.json})"
    for one in (raw, f"{raw}_current"):
        if one in existing[dataset]:
            table = warehouse.get(f"{dataset}.{one}")
            blanks = whole(model, table.schema)
            if model.name == "ticket":  # the rest of an earlier version is history
                blanks = [blank for blank in blanks if blank.column in text.columns]
            yield Erasable(
                f"{dataset}.{one}",
                _earlier(ids, key, "_exported_at < redacted_at"),
                tuple(blanks),
                partitioning_of(table),
                unless=f"NOT {_earlier(ids, key, f'_exported_at < redacted_at AND IFNULL(fingerprint != {same}, TRUE)')}",
            )
    if REJECTED in existing[dataset]:
        rows = f"stream = '{model.name}' AND {_earlier(ids, 'record_key', f'{READ_AT} < redacted_at')}"
        yield of_rejected(warehouse, dataset, rows)
    if model.name == "ticket":
        yield from _earlier_messages(warehouse, datasets, ids, existing)


def _earlier_messages(
    warehouse: Warehouse, datasets: tuple[str, str], ids: str, existing: Mapping[str, set[str]]
) -> Iterator[Erasable]:
    """Of a run that was under way, too; but not one with the redacted description."""
    for declared in publisher_tables(warehouse, *datasets):
        if declared.name in existing[declared.dataset]:
            key, time = "CAST(ticket_id AS STRING)", time_of(declared)
            late = f"`{time}` < TIMESTAMP_ADD(redacted_at, {LATE})"
            erasable = of_publisher(warehouse, declared, _earlier(ids, key, late))
            earlier = _earlier(ids, key, f"`{time}` < redacted_at")
            unless = f"STRPOS(`{declared.personal}`, '▇') > 0 AND NOT {earlier}"
            yield dataclasses.replace(erasable, unless=unless)


def _earlier(ids: str, key: str, condition: str) -> str:
    return f"EXISTS (SELECT 1 FROM {ids} WHERE redacted_key = {key} AND {condition})"
