"""zendesk_ticket_erased: from a row on, the publisher sends nothing older of the ticket, and informs Commons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_zendesk_pubsub.erased_tickets import erased_table
from target_zendesk_pubsub.last_messages import LastMessages
from target_zendesk_pubsub.published_log import PublishedLog

if TYPE_CHECKING:
    from zendesk_erasure.warehouse import Warehouse


def announce(
    warehouse: Warehouse, datasets: tuple[str, str], ids: str, erasure_id: str, *, only_once: bool
) -> None:
    """A row for each ticket that was exported or published; unknown ids have none. Raises PluginError.

    `only_once`: not for tickets that have a row.
    """
    dataset, messages = datasets
    table = erased_table(messages)
    warehouse.ensure(table)
    log = PublishedLog(warehouse, messages, "", "")
    state = LastMessages(warehouse, messages, log).table
    existing = {one: warehouse.names(one) for one in datasets}
    known = [
        f"id IN (SELECT {column} FROM {place}.{name})"
        for place, name, column in (
            (dataset, "ticket", "id"),
            (dataset, "ticket_current", "id"),
            *((one.dataset, one.name, "ticket_id") for one in (*log.tables, state)),
        )
        if name in existing[place]
    ]
    own = f"erasure_id = '{erasure_id}'"
    if known:
        warehouse.change(
            str(table),
            f"INSERT INTO {table} (ticket_id, erased_at, erasure_id) "
            f"SELECT id, CURRENT_TIMESTAMP(), '{erasure_id}' FROM {ids} "
            f"WHERE about IS NULL AND ({' OR '.join(known)}) "
            f"AND id NOT IN (SELECT ticket_id FROM {table} WHERE {'TRUE' if only_once else own})",
        )
