"""What was compared, and what was found."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zendesk_reconciliation.exports import LastExport
    from zendesk_reconciliation.spans import Span
    from zendesk_reconciliation.verdicts import Alike, Finding
    from zendesk_reconciliation.zendesk import Json, Total


@dataclasses.dataclass
class Result:
    """Of one model, or of messages.

    `is_list`: compared by its list, not by Search. `changed`: objects since the last export. `total`: Zendesk's own count;
    `found`, `expected`: by Search or the list, and by the view. `spans`: that differ, and whose ids were not all compared.
    `drawn_here`, `drawn_there`: objects drawn from the view, and from Zendesk.

    `otherwise`: columns that Zendesk returns otherwise here than in exports; `blank`: rows without personal values.
    `alike`: objects without a difference, by why. `left_out`: what the settings forbid to compare; `not_compared`: what failed.
    `objects`: as Zendesk returned those whose version the view has.
    """

    name: str
    export: LastExport | None = None
    _: dataclasses.KW_ONLY
    is_list: bool = False
    changed: int | None = None
    total: Total | None = None
    found: int | None = None
    expected: int | None = None
    drawn_here: int = 0
    drawn_there: int = 0
    blank: int = 0
    otherwise: frozenset[str] = frozenset()
    alike: Counter[Alike] = dataclasses.field(default_factory=Counter)
    findings: dict[int | str, Finding] = dataclasses.field(default_factory=dict)
    left_out: str | None = None
    spans: list[Span] = dataclasses.field(default_factory=list)
    not_compared: list[str] = dataclasses.field(default_factory=list)
    objects: dict[int, Json] = dataclasses.field(default_factory=dict)
