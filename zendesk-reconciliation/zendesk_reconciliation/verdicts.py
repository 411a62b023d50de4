"""Verdicts: how an object in Zendesk compares with its row."""

from __future__ import annotations

import dataclasses
from enum import Enum
from typing import TYPE_CHECKING

from tap_zendesk_cityblock.state.positions import moment_of

from zendesk_reconciliation.zendesk import is_deleted

if TYPE_CHECKING:
    from tap_zendesk_cityblock.model_types import Model

    from zendesk_reconciliation.view import Shown
    from zendesk_reconciliation.zendesk import Json


class Verdict(Enum):
    """Each with what it means."""

    MISSING = "Zendesk has it, and the view does not show it"
    STALE = "Zendesk has a later version, from before the end of the last export"
    DELETED = "Zendesk does not return it, and the view shows it as not deleted"
    DIFFERENT = "the same version has different content"
    REJECTED = "its record was rejected, and is open"
    UNMERGED = "the raw table has this version, and the view does not show it"
    UNPUBLISHED = "no message was published, and the ticket is not waiting"
    OUTDATED = "the last message is of an earlier version, and the ticket is not waiting"

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclasses.dataclass(frozen=True)
class Finding:
    """Of one object. `clock`: from when on (epoch seconds) an export brings it right. `columns`: that differ.

    `version`: its clock in Zendesk, 0 if Zendesk does not return it.
    """

    model: str
    id: int | str
    verdict: Verdict
    clock: int
    version: int = 0
    columns: tuple[str, ...] = ()


class Alike(Enum):
    """No difference: why not."""

    EQUAL = "equal"
    CHANGED_SINCE = "changed since, or in its last second"
    BEFORE_START = "not changed since start_date"
    DELETED = "deleted in Zendesk and here"
    WAITING = "waiting for a match of a user"
    ERASED = "erased here"
    REFUSED = "refused by Pub/Sub"
    MATCHED_SINCE = "published before a user's match changed"


def judge(
    model: Model, one: Json | None, shown: Shown | None, reached: int, start_date: int
) -> Verdict | Alike:
    """`one`: as Zendesk returns it now, None if it does not; `shown`: the row, None if there is none.

    Compares versions, not content. `reached`: what changed before is in the warehouse.
    """
    if one is None:
        return Verdict.DELETED if shown is not None and not shown.is_deleted else Alike.DELETED
    updated, clock = updated_of(one), clock_of(model, one)
    if max(updated, clock) >= reached:
        return Alike.CHANGED_SINCE
    if shown is None:
        return Alike.BEFORE_START if max(updated, clock) < start_date else Verdict.MISSING
    if clock > shown.clock or updated > (shown.updated or 0):
        return Verdict.STALE
    if shown.is_deleted != is_deleted(model, one) and updated == shown.updated:
        return Verdict.STALE
    return Alike.EQUAL


def clock_of(model: Model, one: Json) -> int:
    """Epoch seconds. Search results, and lists of before September 2024, lack the clock of tickets."""
    clock = moment_of(one.get(model.clock))
    return updated_of(one) if clock is None else clock


def updated_of(one: Json) -> int:
    return moment_of(one.get("updated_at")) or 0
