"""A model and its derived models, exported from the same pages, each from its own bookmark. They start at the
earliest bookmark; a model that is ahead of it does not get pages again that it already had.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tap_zendesk_cityblock.state.positions import earliest, is_ahead

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_zendesk_cityblock.model_types import Derivation, Model
    from tap_zendesk_cityblock.readers.page import Page
    from tap_zendesk_cityblock.state.positions import Position


def common_start(starts: Sequence[Position | None], start_date: int) -> Position | None:
    """None for bulk models. `start_date`, in epoch seconds, where the earliest cannot be determined."""
    known = [start for start in starts if start is not None]
    return earliest(known, start_date) if known else None


def before_remainders(starts: Mapping[str, Position | None], start_date: int) -> dict[str, Position | None]:
    """The starts by model. Positions of pages carry one remainder, for all models: where these differ, a model starts
    before what is left of its own first export, and reads that again.
    """
    if len({start.remainder if start is not None else None for start in starts.values()}) <= 1:
        return {**starts}
    return {
        name: start
        if start is None or start.remainder is None
        else earliest([msgspec.structs.replace(start, remainder=None), start.remainder.at], start_date)
        for name, start in starts.items()
    }


def ahead_of(start: Position | None, common: Position | None) -> Position | None:
    """`start`, if the pages begin before it; else None."""
    return start if start is not None and common is not None and is_ahead(start, common) else None


def has_had(ahead: Position | None, page: Page) -> bool:
    """Whether a model that started at `ahead` has had the page's records."""
    if ahead is None or page.position is None:
        return False
    if page.position == ahead:  # a run that started elsewhere divided that second into other pages
        return page.is_last or page.position.cursor is not None
    return is_ahead(ahead, page.position)


def with_derived(model: Model, derivations: Sequence[Derivation]) -> Model:
    """With the sideloads that the derived models are in, and their properties among the known ones."""
    query = dict(model.query)
    if included := [one.include for one in derivations if one.include]:
        query["include"] = ",".join([*query.get("include", "").split(), *included])
    needed = frozenset[str]().union(*(one.needed for one in derivations))
    return msgspec.structs.replace(model, query=tuple(query.items()), left_out=model.left_out | needed)
