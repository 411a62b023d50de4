"""What the replaced system published: a ticket it has told Commons of is logged as taken over, and not sent again.

Its messages had another shape, so keys cannot be compared. What can be compared is the version: a ticket counts as
published if the last version in the legacy log is not older than the ticket, by Zendesk's `updated_at`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from cityblock_singer.errors import SettingsError
from google.api_core.exceptions import BadRequest, NotFound

from target_zendesk_pubsub.counted import counted
from target_zendesk_pubsub.errors import WarehouseError

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Mapping

    from google.cloud.bigquery import Row

    from target_zendesk_pubsub.warehouse import Warehouse

TAKEN_OVER = "taken_over"
"""Attribute of a logged message that was never sent; its value is "true"."""

TICKET_ID = "SAFE_CAST(JSON_VALUE(attributes, '$.ticket_id') AS INT64)"
PACKED = 1_000
"""Tickets a row of the answer: one by one, a million would be four thousand pages."""


class _Version(msgspec.Struct, frozen=True, gc=False):
    ticket_id: int
    micros: int | None


_decode = msgspec.json.Decoder(list[_Version], strict=False).decode  # BigQuery writes large integers as text


def read_legacy_log(
    config: Mapping[str, Any], warehouse: Warehouse, logger: logging.Logger
) -> dict[int, int]:
    """Each ticket's last published `updated_at`, in microseconds since 1970. Empty without the setting legacy_log.

    Single tickets whose time cannot be read are left out, so that they are published rather than missed. About 110 bytes a ticket, as long as the run lasts. Raises SettingsError, WarehouseError.
    """
    table = config.get("legacy_log")
    if not table:
        return {}
    if table.rpartition(".")[0].rpartition(".")[2] == config["messages_dataset"] and table.endswith(
        ".zendesk_ticket"
    ):
        raise SettingsError(
            f"legacy_log: {table} is where the new log goes; rename the legacy table, and name that"
        )
    sql = f"""
        SELECT
          COUNTIF(ticket_id IS NULL) AS nameless,
          TO_JSON_STRING(ARRAY_AGG(STRUCT(COALESCE(ticket_id, 0) AS ticket_id, micros AS micros))) AS versions
        FROM (
          SELECT ticket_id, MAX(UNIX_MICROS(updated_at)) AS micros
          FROM (
            SELECT
              {TICKET_ID} AS ticket_id,
              {config["legacy_updated_at"]} AS updated_at
            FROM `{table}`
          )
          GROUP BY ticket_id
        )
        GROUP BY DIV(COALESCE(ticket_id, 0), {PACKED})
    """
    versions: dict[int, int] = {}
    nameless = undated = 0
    for row in _rows(table, sql, warehouse):
        nameless += row.nameless
        for version in _decode(row.versions):
            if version.micros is None:
                undated += 1
            else:
                versions[version.ticket_id] = version.micros
    if nameless:
        raise SettingsError(
            f"legacy_log: {table} has rows without attributes.ticket_id: look at such a row, and mend a copy of the table"
        )
    if undated > config["max_rejected_share"] * (undated + len(versions)):
        raise SettingsError(
            f"legacy_updated_at: {undated} of {counted(undated + len(versions), 'ticket')} in {table} have no time by this expression: "
            "look at such a row, and mend the expression"
        )
    if undated:
        logger.warning(
            "%s in %s without a time by legacy_updated_at: published as if never published before",
            counted(undated, "ticket"),
            table,
        )
    return versions


def _rows(table: str, sql: str, warehouse: Warehouse) -> Iterator[Row]:
    """Raises SettingsError, WarehouseError."""
    try:
        yield from warehouse.query(f"legacy log {table}", sql, {})
    except WarehouseError as failure:
        if isinstance(failure.__cause__, NotFound):
            raise SettingsError(f"legacy_log: there is no table {table}") from None
        if isinstance(failure.__cause__, BadRequest):
            raise _refused(table, warehouse) from None
        raise


def _refused(table: str, warehouse: Warehouse) -> SettingsError:
    """Which of the two settings is to blame for a query that BigQuery refuses."""
    try:
        list(warehouse.query(f"legacy log {table}", f"SELECT {TICKET_ID} FROM `{table}` LIMIT 1", {}))
    except WarehouseError:
        return SettingsError(f"legacy_log: {table} has no column attributes with JSON")
    return SettingsError(
        f"legacy_updated_at is no expression over the columns of {table}, or fails for a row: "
        "SAFE_CAST(… AS TIMESTAMP) gives null instead"
    )
