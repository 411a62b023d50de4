"""Records of lists and searches, in the shape that exports give them.

A list of deleted objects has fewer properties than an export: such a record is a deletion stub. Its other columns are
absent, and the view fills them from the last whole row.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

Record = dict[str, Any]

PERMANENTLY_DELETED = "Permanently Deleted User"
"""The name of a user whose other data is erased.

https://developer.zendesk.com/api-reference/ticketing/users/users/#list-deleted-users, read in November 2026
"""


def listed_ticket(record: Record, moment: int | None) -> Record:
    """Lists had no `generated_timestamp` before September 2024."""
    record.setdefault("generated_timestamp", moment)
    return record


def deleted_ticket(record: Record, moment: int | None) -> Record:
    """A deletion stub: `moment` is when the ticket was deleted."""
    updated_at = (
        None if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    )
    return {
        "id": record["id"],
        "subject": record.get("subject"),
        "status": "deleted",
        "updated_at": updated_at,
        "generated_timestamp": moment,
    }


def deleted_user(record: Record, moment: int | None) -> Record:  # noqa: ARG001 - the others need it
    """A deletion stub, except for a permanently deleted user, of whom nothing else is left."""
    record["permanently_deleted"] = record.get("name") == PERMANENTLY_DELETED
    return record
