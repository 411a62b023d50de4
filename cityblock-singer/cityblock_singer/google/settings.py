"""Settings of every plugin that uses Google Cloud."""

from __future__ import annotations

from singer_sdk import typing as th

COUNT = th.IntegerType(minimum=1)
RETENTION = th.IntegerType(minimum=14)
"""In days. Runs may fail for a week before rows are dropped that something still reads."""
DATASET = th.StringType(pattern=r"^\w+$")
DATASETS = (
    th.Property(
        "dataset",
        DATASET,
        default="zendesk",
        description="BigQuery dataset that target-bigquery loads",
    ),
    th.Property(
        "messages_dataset",
        DATASET,
        default="pubsub_messages",
        description="BigQuery dataset of target-zendesk-pubsub's log",
    ),
    th.Property(
        "location",
        th.StringType,
        default="US",
        description="Location of the datasets, such as US or us-east1",
    ),
)
"""Of commands that read what both targets wrote."""
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
