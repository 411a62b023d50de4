"""The time as of which the warehouse has a model: the end of its last complete export, by Zendesk's clock."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tap_zendesk_cityblock.models import MODELS
from tap_zendesk_cityblock.state.export_metadata import NAME
from tap_zendesk_cityblock.state.positions import Position, epoch_of

from zendesk_reconciliation.errors import NotComparedError

if TYPE_CHECKING:
    from google.cloud.bigquery import Row
    from tap_zendesk_cityblock.model_types import Model
    from target_zendesk_pubsub.warehouse import Warehouse

READ_DAYS = 35
"""Of EXPORT_METADATA, as the views do. A model that was not exported since is not compared."""


@dataclasses.dataclass(frozen=True)
class LastExport:
    """`reached`: what changed in Zendesk before (epoch seconds) is in the warehouse. `position`: where the next run starts."""

    model: Model
    export_id: str
    reached: int
    position: Position | None
    ended_at: datetime

    @property
    def age(self) -> timedelta:
        """By this machine's clock."""
        return datetime.now(UTC) - self.ended_at


def last_exports(warehouse: Warehouse, dataset: str) -> dict[str, LastExport]:
    """By model. Raises NotComparedError, WarehouseError."""
    table = f"{dataset}.{NAME}"
    if warehouse.find(table) is None:
        raise NotComparedError(
            f"{table} does not exist: check the settings project and dataset, or run tap-to-bigquery first"
        )
    since = (datetime.now(UTC) - timedelta(days=READ_DAYS)).date()
    sql = f"""
        SELECT table_name, export_id, start_cursor, start_time, end_cursor, end_time, zendesk_time, bq_inserted_at, run_length_sec
        FROM {table}
        WHERE export_status = 'complete' AND bq_partition >= DATE '{since}'
        QUALIFY ROW_NUMBER() OVER (
          PARTITION BY table_name ORDER BY COALESCE(zendesk_time, bq_inserted_at) DESC, bq_inserted_at DESC
        ) = 1
    """
    rows = warehouse.query("last exports", sql, {})
    return {row.table_name: _export(MODELS[row.table_name], row) for row in rows if row.table_name in MODELS}


def _export(model: Model, row: Row) -> LastExport:
    """A bulk model is read from the beginning of its export on; an incremental one up to its position."""
    began = (row.zendesk_time or row.bq_inserted_at) - timedelta(seconds=float(row.run_length_sec or 0))
    position = _position(row.end_cursor, row.end_time) or _position(row.start_cursor, row.start_time)
    reached = epoch_of(position) if model.is_incremental else None
    return LastExport(
        model,
        row.export_id,
        int(began.timestamp()) if reached is None else reached,
        position,
        row.bq_inserted_at,
    )


def _position(cursor: str | None, moment: datetime | None) -> Position | None:
    if cursor is not None:
        return Position(cursor=cursor)
    return None if moment is None else Position(time=int(moment.timestamp()))
