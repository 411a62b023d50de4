"""When the last sweep was, as a label of ERASURE, so that the next one reads only what was exported since."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from zendesk_erasure.proof import erasure_table

if TYPE_CHECKING:
    from zendesk_erasure.warehouse import Warehouse

SWEPT = "swept"
"""Label with the day (UTC) on which a sweep began that then erased all it found."""
LATE = timedelta(days=2)
"""Rows are loaded within this time after their export began."""


def begin_of_next(warehouse: Warehouse, dataset: str) -> datetime | None:
    """The time from which the next sweep reads exports; None: all of them. Raises WarehouseError."""
    found = warehouse.find(erasure_table(dataset))
    day = found.labels.get(SWEPT) if found else None
    return datetime.fromisoformat(day).replace(tzinfo=UTC) - LATE if day else None


def record(warehouse: Warehouse, dataset: str, began: datetime) -> None:
    """Raises PluginError."""
    table = erasure_table(dataset)
    warehouse.ensure(table)
    warehouse.label(table, {SWEPT: began.date().isoformat()})
