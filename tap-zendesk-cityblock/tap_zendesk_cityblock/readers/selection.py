"""The one place that decides how a model is read."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tap_zendesk_cityblock.model_types import EXPORTS as PAGED_EXPORTS
from tap_zendesk_cityblock.models import MODELS
from tap_zendesk_cityblock.readers.exports import ExportReader
from tap_zendesk_cityblock.readers.fallback import FallbackReader, UnavailableReader
from tap_zendesk_cityblock.readers.first_export import FirstExportReader
from tap_zendesk_cityblock.readers.lists import ListReader
from tap_zendesk_cityblock.readers.named_lists import NamedListsReader
from tap_zendesk_cityblock.readers.per_parent import PerParentReader
from tap_zendesk_cityblock.readers.shared_pages import with_derived
from tap_zendesk_cityblock.readers.windows import WindowedReader

if TYPE_CHECKING:
    import logging
    from collections.abc import Sequence

    from tap_zendesk_cityblock.http.client import ZendeskClient
    from tap_zendesk_cityblock.model_types import Derivation, Model
    from tap_zendesk_cityblock.readers.reader import Reader
    from tap_zendesk_cityblock.settings import Settings

ALL_SUPPORT_TYPES = "all"
EXPORTS = "/api/v2/incremental/"
"""Zendesk's Incremental Exports. Those of Talk, Help Center and NPS are separate APIs, and stay in use."""


def reader_for(
    model: Model,
    settings: Settings,
    client: ZendeskClient,
    logger: logging.Logger,
    derived: Sequence[Derivation] = (),
) -> Reader:
    """Chosen by the model's row and the settings. `derived`: models whose rows are made from the same pages."""
    if not settings.incremental_exports and model.path.startswith(EXPORTS):
        if model.fallback:
            return FallbackReader(model, model.fallback, settings, client, logger)
        return UnavailableReader(model)
    read = with_derived(settings.asked_for(MODELS[model.whole]), derived)
    of_own_endpoint = partial(
        _of_own_endpoint,
        settings=settings,
        client=client,
        logger=logger,
        may_search=settings.fast_first_export and _shows_as_much(model, settings, derived),
    )
    if read.named_by is not None:
        return NamedListsReader(
            read,
            read.named_by,
            export=of_own_endpoint(MODELS[read.named_by.model]),
            below=of_own_endpoint,
            now=client.now,
            logger=logger,
        )
    if read.parent is None:
        return of_own_endpoint(read)
    return PerParentReader(
        read,
        read.parent.column,
        parents=of_own_endpoint(MODELS[read.parent.model]),
        below=of_own_endpoint,
        settings=settings,
        logger=logger,
    )


def _shows_as_much(model: Model, settings: Settings, derived: Sequence[Derivation]) -> bool:
    """Whether a search returns what the export would: searches support neither sideloads nor support types."""
    return not derived and not (model.by_support_type and settings.support_type_scope != ALL_SUPPORT_TYPES)


def _of_own_endpoint(
    model: Model,
    settings: Settings,
    client: ZendeskClient,
    logger: logging.Logger,
    *,
    may_search: bool,
) -> Reader:
    if model.window is not None:
        return WindowedReader(model, settings, client, logger, window=model.window)
    if model.is_searched_first:
        return FirstExportReader(model, settings, client, logger, may_search=may_search)
    return (ExportReader if model.paging in PAGED_EXPORTS else ListReader)(model, settings, client, logger)
