"""zendesk_ticket_erased: once a ticket has a row, the publisher sends no older version of it, and informs Commons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_zendesk_pubsub.erased_tickets import erased_table
from target_zendesk_pubsub.join_errors import JoinErrors
from target_zendesk_pubsub.last_messages import LastMessages
from target_zendesk_pubsub.published_log import PublishedLog

if TYPE_CHECKING:
    from zendesk_erasure.warehouse import Warehouse


def announce(
    warehouse: Warehouse, datasets: tuple[str, str], ids: str, erasure_id: str, *, is_swept: bool
) -> None:
    """A row for each ticket that was exported or published; unknown ids have none, nor those that were erased before.
    Raises PluginError.

    `is_swept`: only for tickets that were published or wait, because Zendesk has removed them already, and not for those that
    have a row.
    """
    dataset, messages = datasets
    table = erased_table(messages)
    warehouse.ensure(table)
    log = PublishedLog(warehouse, messages, "", "")
    state = LastMessages(warehouse, messages, log).table
    waiting = JoinErrors(warehouse, messages, "", log, "").waiting
    existing = {one: warehouse.names(one) for one in datasets}
    known = [
        f"id IN (SELECT {column} FROM {place}.{name})"
        for place, name, column in (
            *(() if is_swept else ((dataset, name, "id") for name in ("ticket", "ticket_current"))),
            *(
                (one.dataset, one.name, "ticket_id")
                for one in ((log.published, state, waiting) if is_swept else (*log.tables, state))
            ),
        )
        if name in existing[place]
    ]
    own = f"erasure_id = '{erasure_id}'"
    if known:
        warehouse.change(
            str(table),
            f"INSERT INTO {table} (ticket_id, erased_at, erasure_id) "
            f"SELECT DISTINCT id, CURRENT_TIMESTAMP(), '{erasure_id}' FROM {ids} "
            f"WHERE until IS NULL AND ({' OR '.join(known)}) "
            f"AND id NOT IN (SELECT ticket_id FROM {table} WHERE {'TRUE' if is_swept else own})",
        )
