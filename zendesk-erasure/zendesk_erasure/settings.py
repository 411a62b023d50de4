"""The settings, each described only here."""

from __future__ import annotations

from cityblock_singer.environments import ENVIRONMENTS
from cityblock_singer.google.settings import BIGQUERY_EMULATOR, COUNT, CREDENTIALS, DATASETS
from singer_sdk import typing as th

SETTINGS = th.PropertiesList(
    th.Property(
        "environment",
        th.StringType,
        description="Where this runs. `local` accepts only emulators on this machine; `staging` and `prod` refuse emulators",
        allowed_values=ENVIRONMENTS,
    ),
    th.Property(
        "project",
        th.StringType,
        required=True,
        description="Google Cloud project of the datasets and the bucket; statements run in it",
    ),
    *DATASETS,
    *CREDENTIALS,
    th.Property(
        "bucket",
        th.StringType,
        description="GCS bucket of target-bigquery's staging files. Without it, no staging files are removed",
    ),
    th.Property(
        "staged_seconds",
        th.IntegerType(minimum=0),
        default=3600,
        description="Age in seconds after which no load job needs a staging file any more. Younger files are counted, but not removed",
    ),
    th.Property(
        "announce_swept",
        th.BooleanType,
        default=True,
        description="Whether consumers get a message with the event type `erased` for each ticket that was published, or has waited, and that a sweep erases. Set it to `false` for a first sweep if consumers do not need messages about tickets that Zendesk scrubbed in the past",
    ),
    th.Property(
        "timeout",
        COUNT,
        default=300,
        description="Retry deadline in seconds for transient errors of BigQuery and GCS, and for requests without an answer",
    ),
    BIGQUERY_EMULATOR,
    th.Property(
        "storage_emulator_host",
        th.StringType,
        description="Address of a GCS emulator, also read from the environment variable STORAGE_EMULATOR_HOST",
    ),
)
