"""Whether the account lets a run read a model, asked with one row of it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from tap_zendesk_cityblock.errors import RefusedError, StartTooRecentError, StreamUnavailableError
from tap_zendesk_cityblock.models import MODELS
from tap_zendesk_cityblock.readers.children import keys_of, of_parent
from tap_zendesk_cityblock.readers.fetch import fetch
from tap_zendesk_cityblock.readers.pagination import first_query, read_page
from tap_zendesk_cityblock.readers.sources import NO_SOURCE, sources_of
from tap_zendesk_cityblock.readers.without_exports import DAY, probe_source
from tap_zendesk_cityblock.rows.decoding import DictRows
from tap_zendesk_cityblock.rows.oddities import IGNORED
from tap_zendesk_cityblock.state.cursors import Position

if TYPE_CHECKING:
    from tap_zendesk_cityblock.http.client import ZendeskClient
    from tap_zendesk_cityblock.models import Model
    from tap_zendesk_cityblock.settings import Settings

LOGGER = logging.getLogger(__name__)
SECONDS = 90
"""For which one such request is tried again: long enough to wait once for the limit of incremental exports."""
ADVICE = (
    "let the login's user be an admin; is the feature in the account's plan? if no incremental export may be read,"
    " set incremental_exports to false; else name it in optional_models"
)
REFUSED_ADVICE = "Zendesk refused the request itself, which neither permission nor plan changes: update the tap or report it"
READABLE = "tap-zendesk-cityblock.readable"
MISSING = "tap-zendesk-cityblock.missing"


def probe(model: Model, settings: Settings, client: ZendeskClient) -> str | None:
    """What is in the way of reading the model, None if nothing is. Raises PluginError where login or host fail."""
    sources = sources_of(model, by_exports=settings.incremental_exports)
    if sources is None:
        return _probe(model, settings, client)
    causes = (probe_source(source, model, client) for source in sources)
    return next((cause for cause in causes if cause is not None), None) if sources else NO_SOURCE


def _probe(model: Model, settings: Settings, client: ZendeskClient) -> str | None:
    try:
        if model.parent is not None:
            key = next(keys_of(MODELS[model.parent.model], client, settings, LOGGER), None)
            if key is None:
                return None
            model = of_parent(model, key)
        model = settings.asked_for(model)
        start = int(time.time()) - DAY  # Chat refuses one in the last minutes
        if model.window is not None:
            query = first_query(model, None, 1) | model.window.bounds(start, start + 1)
        else:
            query = first_query(model, Position(time=start) if model.is_incremental else None, 1)
        rows = DictRows(model, (), {}, IGNORED)
        fetch(
            client,
            model.path,
            query,
            lambda body, query: read_page(model, query, body, client.base_url, rows),
        )
    except StartTooRecentError:
        return None
    except (RefusedError, StreamUnavailableError) as cause:
        return str(cause)
    return None


def advice(cause: str) -> str:
    """What to do about what is in the way of reading a model."""
    return REFUSED_ADVICE if "HTTP 400" in cause else ADVICE


def mark_readable(
    catalog: dict[str, Any], settings: Settings, client: ZendeskClient, logger: logging.Logger
) -> None:
    """Puts into each model's metadata (breadcrumb []) whether it is readable, and if not, what is in the way.

    One line in the log for each that is not. Raises PluginError where login or host fail.
    """
    metadata = {
        stream["tap_stream_id"]: entry["metadata"]
        for stream in catalog["streams"]
        for entry in stream["metadata"]
        if not entry["breadcrumb"]
    }
    for model in (*settings.bulk_models, *settings.incremental_models):
        cause = probe(model, settings, client)
        metadata[model.name][READABLE] = cause is None
        if cause is not None:
            metadata[model.name][MISSING] = cause
            logger.warning("%s: not readable (%s): %s", model.name, cause, advice(cause))
