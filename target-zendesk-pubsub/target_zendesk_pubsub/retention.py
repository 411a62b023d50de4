"""After how many days BigQuery drops rows of the log and of join errors, and from which day on they are still
read.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from cityblock_singer.errors import SettingsError
from cityblock_singer.google.retention import SPARE_DAYS, Kept, expiration_of, first_kept, listed, today

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.cloud import bigquery

    from target_zendesk_pubsub.connections import Connections

STATE, WAITING = "zendesk_ticket_state", "zendesk_ticket_waiting"
UNTIL, COMPLETE = "complete_until", "complete"
"""Labels: the day before which STATE has all messages of the log; whether WAITING has all waiting tickets."""
VIEW = "TICKET_USER_JOIN_ERROR_latest"
OLD_VIEW = f"{VIEW} does not read {WAITING} yet: run tap-to-bigquery"
NOT_CAUGHT_UP = f"its rows are not in {STATE} and {WAITING}"


def check_days(config: Mapping[str, Any]) -> None:
    """A join error must not outlive the message that resolved it: its ticket would seem to wait again.

    Raises SettingsError.
    """
    log, errors = config.get("log_retention_days"), config.get("join_error_retention_days")
    if log is not None and (errors is None or errors > log - SPARE_DAYS):
        raise SettingsError(
            f"log_retention_days is {log}: join_error_retention_days must be {log - SPARE_DAYS} or less, "
            "because a join error must expire before the message that resolved it"
        )


def kept(config: Mapping[str, Any], connections: Connections) -> list[Kept]:
    """The tables of messages and join errors; these first, so that they are dropped first. Raises WarehouseError."""
    log, errors = connections.log, connections.join_errors
    datasets = {errors.table.dataset, log.published.dataset}
    found = {name: table for dataset in datasets for name, table in _listed(connections, dataset).items()}
    read_from = _read_from(found, log.published.dataset)
    view = connections.warehouse.find(f"{errors.table.dataset}.{VIEW}")
    is_view_new = view is None or WAITING in (view.view_query or "")
    intents = log.intents
    wanted = (
        (
            errors.table,
            "join errors",
            config.get("join_error_retention_days"),
            read_from if is_view_new else None,
        ),
        (log.published, "log", config.get("log_retention_days"), read_from),
        (log.refused, "log", config.get("log_retention_days"), read_from),
        (intents, "intents", intents.kept_days, today()),  # the next run settles those of a killed one
    )
    return [
        Kept(found[str(table)], kind, days, needed, NOT_CAUGHT_UP if read_from is None else OLD_VIEW)
        for table, kind, days, needed in wanted
        if str(table) in found and found[str(table)].time_partitioning
    ]


def _listed(connections: Connections, dataset: str) -> dict[str, bigquery.Table]:
    return {f"{dataset}.{table.table_id}": table for table in listed(connections.warehouse, dataset)}


def _read_from(tables: Mapping[str, bigquery.Table], dataset: str) -> date | None:
    state, waiting = tables.get(f"{dataset}.{STATE}"), tables.get(f"{dataset}.{WAITING}")
    if (
        state is None
        or waiting is None
        or waiting.labels.get(COMPLETE) != "true"
        or UNTIL not in state.labels
    ):
        return None
    return date.fromisoformat(state.labels[UNTIL])


def check_logged(connections: Connections, first: date) -> None:
    """Raises SettingsError if the log no longer has the messages of that day, and WarehouseError."""
    log = connections.log.published
    table = _listed(connections, log.dataset).get(str(log))
    days = expiration_of(table) if table is not None and table.time_partitioning else None
    if days is not None and first < (oldest := first_kept(days, today())):
        raise SettingsError(
            f"replay: --from {first} is too early: {log} keeps {days} days, and its first is {oldest}"
        )
