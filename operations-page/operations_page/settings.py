"""The settings, each described only here."""

from __future__ import annotations

from cityblock_singer.environments import ENVIRONMENTS
from cityblock_singer.google.settings import BIGQUERY_EMULATOR, CREDENTIALS
from singer_sdk import typing as th

NAME = r"^\w+$"

SETTINGS = th.PropertiesList(
    th.Property(
        "environment",
        th.StringType(allowed_values=ENVIRONMENTS),
        required=True,
        description="Shown at the top",
    ),
    th.Property("project", th.StringType, required=True, description="Google Cloud project of both datasets"),
    th.Property(
        "dataset", th.StringType(pattern=NAME), default="zendesk", description="Dataset of the exports"
    ),
    th.Property(
        "messages_dataset",
        th.StringType(pattern=NAME),
        default="pubsub_messages",
        description="Dataset of the published messages",
    ),
    th.Property("location", th.StringType, default="US", description="Location of both datasets"),
    *CREDENTIALS,
    BIGQUERY_EMULATOR,
)
