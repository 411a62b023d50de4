"""Whether the account may read the models, checked with one row of each."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from tap_zendesk_cityblock.errors import RefusedError, StreamUnavailableError, UnexpectedResponseError
from tap_zendesk_cityblock.readers.private_comments import probe
from tap_zendesk_cityblock.readers.selection import reader_for

if TYPE_CHECKING:
    from tap_zendesk_cityblock.http.client import ZendeskClient
    from tap_zendesk_cityblock.model_types import Model
    from tap_zendesk_cityblock.settings import Settings

LOGGER = logging.getLogger(__name__)
PROBE_DEADLINE_SECONDS = 90
"""Retry deadline of one such request: long enough to wait once for the rate limit of incremental exports."""
ADVICE = (
    "make the login's user an admin, and check that the account's plan has the feature; if no incremental export may be read,"
    " set incremental_exports to false; otherwise name it in optional_models"
)
REFUSED_ADVICE = (
    "Zendesk refused the request itself, so a permission or plan does not help: update the tap, or report it"
)
READABLE = "tap-zendesk-cityblock.readable"
MISSING = "tap-zendesk-cityblock.missing"


def unavailable_cause(model: Model, settings: Settings, client: ZendeskClient) -> str | None:
    """Why the account may not read the model, None if it may. Raises PluginError where login or host fail."""
    try:
        reader_for(model, settings, client, LOGGER).probe()
    except (RefusedError, StreamUnavailableError) as cause:
        return str(cause)
    return None


def audits_cause(client: ZendeskClient) -> str | None:
    """Why the account may not read ticket audits, None if it may. Raises PluginError where login or host fail."""
    try:
        probe(client)
    except (RefusedError, StreamUnavailableError, UnexpectedResponseError) as cause:
        return str(cause)
    return None


def advice(cause: str) -> str:
    """What to do about it. `cause`: as of `unavailable_cause`."""
    return REFUSED_ADVICE if "HTTP 400" in cause else ADVICE


def mark_readable(
    catalog: dict[str, Any], settings: Settings, client: ZendeskClient, logger: logging.Logger
) -> None:
    """Adds to each model's metadata (breadcrumb []) whether it is readable, and if not, why.

    Logs a line for each that is not. Raises PluginError where login or host fail.
    """
    metadata = {
        stream["tap_stream_id"]: entry["metadata"]
        for stream in catalog["streams"]
        for entry in stream["metadata"]
        if not entry["breadcrumb"]
    }
    for model in (*settings.bulk_models, *settings.incremental_models):
        cause = unavailable_cause(model, settings, client)
        metadata[model.name][READABLE] = cause is None
        if cause is not None:
            metadata[model.name][MISSING] = cause
            logger.warning("%s: not readable (%s): %s", model.name, cause, advice(cause))
