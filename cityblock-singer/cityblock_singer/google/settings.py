"""Settings of every plugin that uses Google Cloud."""

from __future__ import annotations

from singer_sdk import typing as th

COUNT = th.IntegerType(minimum=1)
RETENTION = th.IntegerType(minimum=14)
"""In days. Runs may fail for a week before rows are dropped that something still reads."""
CREDENTIALS = (
    th.Property(
        "credentials_path",
        th.StringType,
        description="Path to a service account's key file. Without it and `credentials_json`, Google's application default credentials are used",
    ),
    th.Property(
        "credentials_json",
        th.StringType,
        secret=True,
        description="A service account's key as JSON, instead of `credentials_path`",
    ),
)
BIGQUERY_EMULATOR = th.Property(
    "bigquery_emulator_host",
    th.StringType,
    description="Address of a BigQuery emulator, also read from the environment variable BIGQUERY_EMULATOR_HOST",
)
