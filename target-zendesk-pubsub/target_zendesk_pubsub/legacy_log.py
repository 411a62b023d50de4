"""The log of the legacy system: tickets that it published are logged as taken over, and not published again.

Its messages had another format, so message keys cannot be compared. A ticket counts as published if the last version in
the legacy log is not older than the ticket, by Zendesk's `updated_at`.

Migration support: to be removed after 30 June 2027 (docs/old-commands.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from cityblock_singer.errors import SettingsError
from cityblock_singer.google.errors import WarehouseError
from google.api_core.exceptions import BadRequest, NotFound

from target_zendesk_pubsub.counted import counted

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Mapping

    from google.cloud.bigquery import Row

    from target_zendesk_pubsub.warehouse import Warehouse

TAKEN_OVER = "taken_over"
"""Attribute of a logged message that was not published by this target; its value is "true"."""

TICKET_ID = "SAFE_CAST(JSON_VALUE(attributes, '$.ticket_id') AS INT64)"
PACKED = 1_000
"""Tickets per result row: with one ticket per row, a million tickets would be four thousand pages."""


class _Version(msgspec.Struct, frozen=True, gc=False):
    ticket_id: int
    micros: int | None


_decode = msgspec.json.Decoder(list[_Version], strict=False).decode  # BigQuery writes large integers as text


def read_legacy_log(
    config: Mapping[str, Any], warehouse: Warehouse, logger: logging.Logger
) -> dict[int, int]:
    """Last published `updated_at` by ticket id, in Unix microseconds. Empty without the setting legacy_log.

    Tickets without a valid time are left out, so that they are published rather than missed. Needs about 110 bytes of
    memory per ticket for the whole run. Raises SettingsError, WarehouseError.
    """
    table = config.get("legacy_log")
    if not table:
        return {}
    if table.rpartition(".")[0].rpartition(".")[2] == config["messages_dataset"] and table.endswith(
        ".zendesk_ticket"
    ):
        raise SettingsError(
            f"legacy_log: {table} is the table of the new log; rename the legacy table and set legacy_log to its new name"
        )
    versions: dict[int, int] = {}
    without_id = undated = 0
    for row in _rows(table, _query(table, config["legacy_updated_at"]), warehouse):
        without_id += row.without_id
        for version in _decode(row.versions):
            if version.micros is None:
                undated += 1
            else:
                versions[version.ticket_id] = version.micros
    if without_id:
        raise SettingsError(
            f"legacy_log: {table} has rows without attributes.ticket_id; fix them in a copy of the table"
        )
    if undated > config["max_rejected_share"] * (undated + len(versions)):
        raise SettingsError(
            f"legacy_updated_at: {undated} of {counted(undated + len(versions), 'ticket')} in {table} have no time by this expression; "
            "check such a row and fix the expression"
        )
    if undated:
        logger.warning(
            "%s in %s without a time by legacy_updated_at: published as new",
            counted(undated, "ticket"),
            table,
        )
    return versions


def _query(table: str, updated_at: str) -> str:
    """`updated_at`: an expression over the columns of the table."""
    return f"""
        SELECT
          COUNTIF(ticket_id IS NULL) AS without_id,
          TO_JSON_STRING(ARRAY_AGG(STRUCT(COALESCE(ticket_id, 0) AS ticket_id, micros AS micros))) AS versions
        FROM (
          SELECT ticket_id, MAX(UNIX_MICROS(updated_at)) AS micros
          FROM (
            SELECT
              {TICKET_ID} AS ticket_id,
              {updated_at} AS updated_at
            FROM `{table}`
          )
          GROUP BY ticket_id
        )
        GROUP BY DIV(COALESCE(ticket_id, 0), {PACKED})
    """


def _rows(table: str, sql: str, warehouse: Warehouse) -> Iterator[Row]:
    """Raises SettingsError, WarehouseError."""
    try:
        yield from warehouse.query(f"legacy log {table}", sql, {})
    except WarehouseError as failure:
        if isinstance(failure.__cause__, NotFound):
            raise SettingsError(f"legacy_log: table {table} not found") from None
        if isinstance(failure.__cause__, BadRequest):
            raise _refused(table, warehouse) from None
        raise


def _refused(table: str, warehouse: Warehouse) -> SettingsError:
    """The error that names the setting for which BigQuery refuses the query."""
    try:
        list(warehouse.query(f"legacy log {table}", f"SELECT {TICKET_ID} FROM `{table}` LIMIT 1", {}))
    except WarehouseError:
        return SettingsError(f"legacy_log: {table} has no JSON column attributes")
    return SettingsError(
        f"legacy_updated_at: not a valid expression over the columns of {table}, or it fails for a row; "
        "SAFE_CAST(… AS TIMESTAMP) returns null instead"
    )
