"""Models that are exported by the same pages: a model, and those that are parts of it, each from where it stands.

They start where the one furthest behind stands; the others get no page that they have had.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from tap_zendesk_cityblock.state.cursors import earliest, is_ahead

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_zendesk_cityblock.models import Model
    from tap_zendesk_cityblock.readers.pagination import Page
    from tap_zendesk_cityblock.rows.derived import Parts
    from tap_zendesk_cityblock.state.cursors import Position
    from tap_zendesk_cityblock.state.export_metadata import Export
    from tap_zendesk_cityblock.streams import ModelStream


@dataclasses.dataclass
class Member:
    """One of them. `parts` finds its rows in the records of the whole model; None: it is that model itself.

    `ahead` is where it stands, if others start before that.
    """

    stream: ModelStream
    export: Export
    parts: Parts | None = None
    ahead: Position | None = None

    def wants(self, page: Page) -> bool:
        if self.ahead is None or page.position is None:
            return True
        if page.position == self.ahead:  # a run that set out elsewhere cut that second elsewhere
            return page.next is not None and page.position.cursor is None
        return not is_ahead(self.ahead, page.position)


def set_out(members: Sequence[Member], start_date: int) -> Position | None:
    """Where they start together, None for bulk models; sets who is ahead of that."""
    starts = [member.export.start for member in members if member.export.start is not None]
    if not starts:
        return None
    start = earliest(starts, start_date)
    for member in members:
        stands = member.export.start
        member.ahead = stands if stands is not None and is_ahead(stands, start) else None
    return start


def with_parts(whole: Model, members: Sequence[Member]) -> Model:
    """The model as its parts need it: with the sideloads that they are in, and what they are made of not unknown."""
    parts = [part for member in members if (part := member.stream.model.part)]
    query = dict(whole.query)
    if included := [part.include for part in parts if part.include]:
        query["include"] = ",".join([*query.get("include", "").split(), *included])
    looked_into = frozenset[str]().union(*(part.looked_into for part in parts))
    return dataclasses.replace(whole, query=tuple(query.items()), left_out=whole.left_out | looked_into)
