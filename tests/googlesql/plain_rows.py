"""Rows of BigQuery's client as plain JSON values."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any


def content(schema: Any, rows: Any) -> dict[str, Any]:
    """`{"schema": BigQuery's fields, "rows": [[value]]}`, with values as `plain` makes them."""
    fields = [field.to_api_repr() for field in schema]
    return {"schema": fields, "rows": [[plain(cell, field) for cell, field in zip(row.values(), fields, strict=True)] for row in rows]}  # fmt: skip


def plain(cell: Any, field: dict[str, Any]) -> Any:
    """A value for JSON: integers of any size; times as text; a value in a JSON column as its JSON text."""
    if cell is None:
        return None
    if field.get("mode") == "REPEATED":
        return [plain(one, {**field, "mode": "NULLABLE"}) for one in cell]
    if field["type"] in ("RECORD", "STRUCT"):
        return [plain(cell.get(part["name"]), part) for part in field["fields"]]
    if field["type"] == "JSON":
        return json.dumps(cell)
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat()
    return cell.isoformat() if isinstance(cell, date) else cell
