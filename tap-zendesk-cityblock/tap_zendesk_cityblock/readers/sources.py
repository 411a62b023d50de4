"""Which fallback sources a model is read from, if the account may not use Zendesk's incremental exports.

Estuary's connector authors saw on a live account how the lists are ordered and what they leave out (October 2026).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_zendesk_cityblock.models import Model, Source

EXPORTS = "/api/v2/incremental/"
"""Zendesk's Incremental Exports. Those of Talk, Help Center and NPS are separate APIs, and stay in use."""

NO_SOURCE = "only incremental exports have it, and incremental_exports is false"


def sources_of(model: Model, *, by_exports: bool) -> tuple[Source, ...] | None:
    """None: the model's own endpoint is read. Empty: only exports have the model."""
    if by_exports or not model.path.startswith(EXPORTS):
        return None
    return model.fallback
