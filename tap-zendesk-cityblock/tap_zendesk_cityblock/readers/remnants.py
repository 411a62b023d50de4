"""Objects of lists and searches, in the shape that exports give them.

Of a deleted object Zendesk's lists tell less than an export would: such a row is a remnant. Its other columns are absent,
and `transform/` fills them from the last whole row.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tap_zendesk_cityblock.readers.sources import Source

Record = dict[str, Any]

PERMANENTLY_DELETED = "Permanently Deleted User"
"""The name of whom nothing else is left, by the document "Users", of the list of deleted ones."""


def as_exported(model: str, source: Source, record: Record, moment: int | None) -> Record:
    """`moment`: epoch seconds of the object's last change, None where it does not tell."""
    record.pop("result_type", None)
    match model, source.name:
        case "ticket", "deleted":
            return {
                "id": record["id"],
                "subject": record.get("subject"),
                "status": "deleted",
                "updated_at": None
                if moment is None
                else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "generated_timestamp": moment,
            }
        case "ticket", _:
            record.setdefault("generated_timestamp", moment)
        case "user", "deleted":
            record["permanently_deleted"] = record.get("name") == PERMANENTLY_DELETED
    return record
