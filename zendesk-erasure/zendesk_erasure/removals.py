"""What Zendesk has removed for good, as rows say that were exported lately, and which rows of ours still have it.

- users: `permanently_deleted`, after which Zendesk empties the row;
- tickets: deleted, with the subject SCRUBBED, which Zendesk writes over a ticket that is deleted permanently
  (docs/zendesk/deleted-tickets.md);
- both: those that were erased here, in rows of runs that began before: such a run brought content back;
- texts: earlier versions of comments, events, attachments, chats and descriptions that were redacted: Zendesk's characters for
  it are in a later one, or an event says so (docs/zendesk/redactions.md).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from target_zendesk_pubsub.erased_tickets import EVENT, erased_table
from target_zendesk_pubsub.published_log import PublishedLog
from target_zendesk_pubsub.warehouse import since

from zendesk_erasure.erased_ids import erased_ids_table, remembered
from zendesk_erasure.redactions import select_keys

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from zendesk_erasure.content import Kind
    from zendesk_erasure.warehouse import Warehouse

DELETED = "IFNULL(permanently_deleted, FALSE)"
SCRUBBED = "IFNULL(status = 'deleted' AND subject = 'SCRUBBED', FALSE)"
"""Anybody may write a ticket with that subject."""


@dataclasses.dataclass(frozen=True)
class Removal:
    """`clean`: SQL condition of rows that Zendesk itself has emptied, in the tables of `model`."""

    name: str
    kind: Kind
    title: str
    model: str = ""
    clean: str = ""


USERS = Removal(
    "users", "user", "users whom Zendesk deleted permanently, or who were erased here", "user", DELETED
)
TICKETS = Removal(
    "tickets", "ticket", "tickets that Zendesk scrubbed, or that were erased here", "ticket", SCRUBBED
)
TEXTS = Removal("texts", "ticket", "rows whose text Zendesk has redacted")
REMOVALS = {one.name: one for one in (USERS, TICKETS, TEXTS)}


def select_ids(
    removal: Removal, warehouse: Warehouse, datasets: tuple[str, str], first: datetime | None
) -> tuple[str, str] | None:
    """Columns of the table with ids, and SQL that selects them; None: no table says what was removed.

    `first`: of exports and erasures from then on, None: of all.
    """
    existing = {one: warehouse.names(one) for one in datasets}
    if removal == TEXTS:
        sql = select_keys(datasets[0], existing[datasets[0]], first)
        return ("redacted_model, redacted_key, redacted_at, fingerprint", sql) if sql else None
    parts = [*_removed(removal, datasets[0], existing[datasets[0]], first)]
    if erased_ids_table(datasets[0]).name in existing[datasets[0]]:
        parts.append(_erased(removal, warehouse, datasets, existing, first))
    return ("id, about, until, published_until", " UNION ALL ".join(parts)) if parts else None


def _removed(removal: Removal, dataset: str, existing: set[str], first: datetime | None) -> list[str]:
    """SQL of what Zendesk removed. Raw rows have expired of what was removed long ago."""
    tables = [name for name in (removal.model, f"{removal.model}_current") if name in existing]
    selected = " UNION DISTINCT ".join(
        f"SELECT id FROM {dataset}.{name} WHERE {since('_exported_at', first)} AND {removal.clean}"
        for name in (tables if first is None else tables[:1])
    )
    never = "CAST(NULL AS TIMESTAMP)"
    sql = (
        f"SELECT DISTINCT id, CAST(NULL AS STRING) AS about, {never} AS until, {never} AS published_until "
        f"FROM ({selected})"
    )
    return [sql] if selected else []


def _erased(
    removal: Removal,
    warehouse: Warehouse,
    datasets: tuple[str, str],
    existing: Mapping[str, set[str]],
    first: datetime | None,
) -> str:
    """Of tickets with the time of the message about the last erasure, before which only older runs published; null while
    that message is still to be published.
    """
    dataset, messages = datasets
    erased = remembered(dataset, removal.kind, first)
    log, announced = PublishedLog(warehouse, messages, "", "").published, erased_table(messages)
    if removal.kind == "user" or not {log.name, announced.name} <= existing[messages]:
        return f"SELECT id, about, until, until AS published_until FROM ({erased})"
    return (
        "SELECT erased.id, erased.about, erased.until, IF(erased.id IN "
        f"(SELECT ticket_id FROM {announced}), MIN(message.published_at), erased.until) AS published_until "
        f"FROM ({erased}) AS erased LEFT JOIN ("
        f"SELECT ticket_id, published_at FROM {log} WHERE {since('published_at', first)} AND {EVENT} = 'erased'"
        ") AS message ON message.ticket_id = erased.id AND message.published_at >= erased.until "
        "GROUP BY id, about, until"
    )
