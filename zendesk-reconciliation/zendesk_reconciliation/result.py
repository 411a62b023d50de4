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
    """Of one model, or of messages. `total`: Zendesk's own count; `found`, `expected`: by Search, and by the view.

    `is_list`: compared by its list; `found` is then the number of its objects. `changed`: objects since the last export. `alike`: objects without a difference, by why. `otherwise`: columns that Zendesk
    returns otherwise here than in exports; `blank`: rows without personal values. `spans`: that differ, and for whose ids no requests were left. `left_out`: what the settings forbid to compare; `not_compared`: why. `objects`: as Zendesk
    returned those whose version the view has.
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
