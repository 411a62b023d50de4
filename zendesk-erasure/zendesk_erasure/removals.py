"""What Zendesk has removed for good, as the tables show it, and which rows of ours still have it.

- users: `permanently_deleted`, after which Zendesk empties the row;
- tickets: deleted, with the subject SCRUBBED, which Zendesk writes over a ticket that is deleted permanently
  (docs/zendesk/deleted-tickets.md);
- erased: tickets that were erased here, and not exported since: a run that was under way brought content back;
- text: earlier versions of comments, events, chats and descriptions whose text is another now. Zendesk changes these only to
  redact, apart from chats, which grow.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from tap_zendesk_cityblock.models import MODELS
from target_bigquery.names import column_name
from target_zendesk_pubsub.erased_tickets import erased_table

from zendesk_erasure.content import whole
from zendesk_erasure.partitions import partitioning_of
from zendesk_erasure.tables import Erasable, of_publisher, publisher_tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zendesk_erasure.content import Kind
    from zendesk_erasure.warehouse import Warehouse

DELETED = "IFNULL(permanently_deleted, FALSE)"
SCRUBBED = "IFNULL(status = 'deleted' AND subject = 'SCRUBBED', FALSE)"
"""Anybody may write a ticket with that subject."""
TEXTS = {
    "ticket": ("description",),
    "ticket_comment": ("body", "html_body", "plain_body", "attachments"),
    "ticket_attachment": ("file_name", "is_redacted"),
    "ticket_event": ("child_events",),
    "chat": ("history", "message"),
}
"""Columns whose text Zendesk replaces when something is redacted, by model."""
LATE = "INTERVAL 1 HOUR"
"""A message is published within this time after it was read."""


@dataclasses.dataclass(frozen=True)
class Removal:
    """`clean`: SQL condition of rows that Zendesk itself has emptied, in the tables of `model`."""

    name: str
    kind: Kind
    title: str
    model: str
    clean: str = ""

    @property
    def is_of_text(self) -> bool:
        return self.name.startswith("text_")


REMOVALS = {
    one.name: one
    for one in (
        Removal("users", "user", "users whom Zendesk deleted permanently", "user", DELETED),
        Removal("tickets", "ticket", "tickets that Zendesk scrubbed", "ticket", SCRUBBED),
        Removal("erased", "ticket", "tickets that were erased here before", "ticket", SCRUBBED),
        *(
            Removal(f"text_{model}", "ticket", f"rows of {model} whose text Zendesk has redacted", model)
            for model in TEXTS
        ),
    )
}


def select_ids(removal: Removal, datasets: tuple[str, str], existing: Mapping[str, set[str]]) -> str | None:
    """SQL of the ids, and of the time until which their rows have what was removed; None: no table says so."""
    dataset, messages = datasets
    raw = column_name(removal.model)
    tables = [name for name in (raw, f"{raw}_current") if name in existing[dataset]]
    if removal.name == "erased":
        erased = erased_table(messages)
        if erased.name not in existing[messages] or "ticket" not in tables:
            return None
        return (
            f"SELECT erased.ticket_id AS id FROM {erased} AS erased "
            f"LEFT JOIN {dataset}.ticket AS exported ON exported.id = erased.ticket_id "
            "GROUP BY erased.ticket_id "
            "HAVING IFNULL(MAX(exported._exported_at) <= MAX(erased.erased_at), TRUE)"
        )
    if removal.is_of_text:
        return _replaced(removal, f"{dataset}.{raw}") if raw in tables else None
    return (
        " UNION DISTINCT ".join(f"SELECT id FROM {dataset}.{name} WHERE {removal.clean}" for name in tables)
        or None
    )


def _replaced(removal: Removal, table: str) -> str:
    """Keys of rows with a text that is not that of their latest row; and when that one first came."""
    texts = TEXTS[removal.model]
    text = f"TO_JSON_STRING(STRUCT({', '.join(texts)}))"
    key, held = MODELS[removal.model].key, " OR ".join(f"`{one}` IS NOT NULL" for one in texts)
    return (
        "SELECT CAST(id AS STRING) AS redacted_key, MIN(IF(text = latest, exported_at, NULL)) AS redacted_at "
        f"FROM (SELECT `{key}` AS id, _exported_at AS exported_at, {text} AS text, "
        f"FIRST_VALUE({text}) OVER (PARTITION BY `{key}` ORDER BY _exported_at DESC) AS latest "
        f"FROM {table} WHERE {held}) GROUP BY id HAVING COUNTIF(text != latest) > 0"
    )


def replaced_tables(
    removal: Removal, warehouse: Warehouse, datasets: tuple[str, str], ids: str
) -> Iterator[Erasable]:
    """The tables with earlier texts: of a description, messages as well. Raises WarehouseError."""
    dataset, messages = datasets
    model = MODELS[removal.model]
    existing = {one: warehouse.names(one) for one in datasets}
    raw = column_name(model.name)
    for name in (raw, f"{raw}_current"):
        if name in existing[dataset]:
            table = warehouse.get(f"{dataset}.{name}")
            rows = f"EXISTS (SELECT 1 FROM {ids} WHERE redacted_key = CAST(`{model.key}` AS STRING) AND _exported_at < redacted_at)"
            blanks = whole(model, table.schema)
            if model.name == "ticket":  # the rest of an earlier version is history
                blanks = [one for one in blanks if one.column in TEXTS["ticket"]]
            yield Erasable(f"{dataset}.{name}", rows, tuple(blanks), partitioning_of(table))
    if model.name == "ticket":
        for declared in publisher_tables(warehouse, dataset, messages):
            if declared.name in existing[declared.dataset]:
                time = declared.partition or "inserted_at"
                rows = (
                    f"EXISTS (SELECT 1 FROM {ids} WHERE redacted_key = CAST(ticket_id AS STRING) "
                    f"AND `{time}` < TIMESTAMP_ADD(redacted_at, {LATE}))"
                )
                yield of_publisher(warehouse, declared, rows)
