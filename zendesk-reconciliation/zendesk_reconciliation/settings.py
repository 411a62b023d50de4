"""The settings. Those of the tap are taken from it; all others are described only here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cityblock_singer.google.settings import BIGQUERY_EMULATOR, COUNT, CREDENTIALS, DATASETS
from singer_sdk import typing as th
from tap_zendesk_cityblock.settings import SETTINGS as OF_THE_TAP

if TYPE_CHECKING:
    from collections.abc import Mapping

SHARED = (
    "environment",
    "subdomain",
    "base_url",
    "client_id",
    "client_secret",
    "scopes",
    "access_token",
    "email",
    "api_token",
    "start_date",
    "incremental_exports",
    "support_type_scope",
    "requests_per_minute",
)
"""Settings of the tap that have the same name here."""
RENAMED = {"zendesk_credentials_path": "credentials_path"}
"""Ours → the tap's: `credentials_path` is Google's here, as in the targets."""


def _shared(name: str) -> th.Property[Any]:
    """As the tap describes it, without its default: what is not set is not handed on."""
    of_the_tap: th.Property[Any] = OF_THE_TAP.wrapped[name]
    return th.Property(
        name,
        of_the_tap.wrapped,
        required=not of_the_tap.optional,
        secret=of_the_tap.secret,
        description=of_the_tap.description,
        allowed_values=of_the_tap.allowed_values,
    )


SETTINGS = th.PropertiesList(
    *(_shared(name) for name in SHARED),
    th.Property(
        "zendesk_credentials_path",
        th.StringType,
        description="JSON file with Zendesk's credentials, as the tap's `credentials_path`. The environment variable ZENDESK_SECRET_PATH may name the file as well",
    ),
    th.Property(
        "hashed_columns",
        th.ArrayType(th.StringType),
        default=[],
        description="As the tap's setting. The content of these columns is not compared",
    ),
    th.Property(
        "project",
        th.StringType,
        required=True,
        description="Google Cloud project of the datasets; queries run in it",
    ),
    *DATASETS,
    *CREDENTIALS,
    th.Property(
        "max_requests",
        COUNT,
        default=60,
        description="Maximum requests to Zendesk, including retries. The output names everything that could not be compared within this limit",
    ),
    th.Property(
        "max_bytes_billed",
        COUNT,
        default=10_000_000_000,
        description="Maximum bytes that BigQuery may bill for one query; a query that needs more fails",
    ),
    th.Property(
        "sample_size",
        th.IntegerType(minimum=1, maximum=100),
        default=100,
        description="Objects of each model in the sample from the warehouse, and in each of three samples from Zendesk, which take one request each",
    ),
    th.Property(
        "max_findings",
        COUNT,
        default=50,
        description="Maximum differing objects that the output names, per model",
    ),
    th.Property(
        "give_up_after",
        COUNT,
        default=300,
        description="Retry deadline of a request to Zendesk in seconds",
    ),
    th.Property(
        "timeout",
        COUNT,
        default=300,
        description="Retry deadline in seconds for transient errors of BigQuery, and for requests without an answer",
    ),
    BIGQUERY_EMULATOR,
)


def of_the_tap(config: Mapping[str, Any]) -> dict[str, Any]:
    """The tap's settings among ours."""
    given = {name: name for name in SHARED} | RENAMED
    return {theirs: config[ours] for ours, theirs in given.items() if config.get(ours) is not None}
