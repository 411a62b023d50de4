"""The settings, each described only here, and the bucket that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cityblock_singer.environments import ENVIRONMENTS, emulator
from cityblock_singer.google.clients import credentials
from cityblock_singer.google.settings import BIGQUERY_EMULATOR, COUNT, CREDENTIALS, RETENTION
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Bucket, Client
from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        description="Google Cloud project of the dataset and the bucket; load jobs run in it",
    ),
    th.Property(
        "dataset",
        th.StringType,
        required=True,
        description="BigQuery dataset of the tables, which must exist",
    ),
    th.Property(
        "location", th.StringType, default="US", description="Location of the dataset, such as US or us-east1"
    ),
    *CREDENTIALS,
    th.Property(
        "bucket",
        th.StringType,
        description="GCS bucket for staging files, which must exist. Without it, files are uploaded directly to BigQuery",
    ),
    th.Property("batch_size", COUNT, default=100_000, description="Maximum rows per load job"),
    th.Property(
        "batch_size_bytes",
        COUNT,
        default=512 << 20,
        description="Maximum bytes of JSON per load job, before compression",
    ),
    th.Property(
        "checkpoint_rows",
        COUNT,
        default=50_000,
        description="Number of rows after which everything received so far is loaded, and the next STATE is written",
    ),
    th.Property(
        "checkpoint_seconds",
        COUNT,
        default=120,
        description="Seconds after which everything received so far is loaded, and the next STATE is written",
    ),
    th.Property(
        "partition_column",
        th.StringType,
        default="_exported_at",
        description="Column that partitions new tables, if they have it; otherwise `bq_partition`, which EXPORT_METADATA has",
    ),
    th.Property(
        "partition_granularity",
        th.StringType,
        default="day",
        description="Time range of one partition of a new table",
        allowed_values=["hour", "day", "month", "year"],
    ),
    th.Property(
        "cluster_on_key_properties",
        th.BooleanType,
        default=True,
        description="Whether new tables are clustered by their key. Tables of bulk models are always clustered by `_export_id` first",
    ),
    th.Property(
        "incremental_retention_days",
        RETENTION,
        description="Days after which BigQuery drops partitions of incremental streams, whose exports contain only changes, once the rows are in `<table>_current`. Without it, all rows are kept",
    ),
    th.Property(
        "bulk_retention_days",
        RETENTION,
        description="Days after which BigQuery drops partitions of bulk streams, whose exports contain all rows, except for the last complete export. Without it, all rows are kept",
    ),
    th.Property(
        "policy_tag",
        th.StringType,
        description="Policy tag for personal columns, as `projects/…/locations/…/taxonomies/…/policyTags/…`",
    ),
    th.Property(
        "load_last",
        th.ArrayType(th.StringType),
        default=["EXPORT_METADATA"],
        description="Streams that are loaded after all others, because their rows say that the others are complete",
    ),
    th.Property("load_parallelism", COUNT, default=4, description="Maximum concurrent load jobs"),
    th.Property(
        "timeout",
        COUNT,
        default=300,
        description="Retry deadline in seconds for transient errors of BigQuery and GCS, and for requests without an answer",
    ),
    th.Property(
        "max_rejected_share",
        th.DecimalType(minimum=0, maximum=1),
        default=0.05,
        description="Maximum share of a stream's rows between two STATEs that may be rejected. The run stops if more than this share, and more than 10 rows, are rejected",
    ),
    BIGQUERY_EMULATOR,
    th.Property(
        "storage_emulator_host",
        th.StringType,
        description="Address of a GCS emulator, also read from the environment variable STORAGE_EMULATOR_HOST",
    ),
)

RETIRED = {"load_method": "append-only", "validate_records": False}
"""Former settings, and the only value that is still accepted, until release 0.3: it is what the target always does."""


def bucket(config: Mapping[str, Any]) -> Bucket | None:
    """The bucket for staging files, if any. Raises SettingsError."""
    name = config.get("bucket")
    if not name:
        return None
    address = emulator(config, "storage_emulator_host")
    client = Client(
        config["project"],
        credentials=AnonymousCredentials() if address else credentials(config),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": address} if address else None,
    )
    return client.bucket(name)
