"""The settings, each described here and nowhere else, and the clients they lead to."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import google.auth
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.exceptions import DefaultCredentialsError
from google.cloud import bigquery
from google.cloud.storage import Bucket
from google.cloud.storage import Client as StorageClient
from google.oauth2 import service_account
from singer_sdk import typing as th

from target_bigquery.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

COUNT = th.IntegerType(minimum=1)

SETTINGS = th.PropertiesList(
    th.Property(
        "environment",
        th.StringType,
        description="Where this runs: `local` refuses everything but emulators on loopback addresses; `staging` and `prod` refuse emulators",
        allowed_values=["local", "staging", "prod"],
    ),
    th.Property(
        "project",
        th.StringType,
        required=True,
        description="Google Cloud project of the dataset and the bucket, in which load jobs run",
    ),
    th.Property(
        "dataset",
        th.StringType,
        required=True,
        description="BigQuery dataset that the tables are in, which must exist",
    ),
    th.Property(
        "location", th.StringType, default="US", description="Location of the dataset, such as US or us-east1"
    ),
    th.Property(
        "credentials_path",
        th.StringType,
        description="Path of a service account's key file; without it and `credentials_json`, Google's application default credentials are used",
    ),
    th.Property(
        "credentials_json",
        th.StringType,
        secret=True,
        description="A service account's key itself, as JSON, instead of its path in `credentials_path`",
    ),
    th.Property(
        "bucket",
        th.StringType,
        description="GCS bucket in which files are staged, which must exist; without it, they are uploaded to BigQuery directly",
    ),
    th.Property(
        "load_method",
        th.StringType,
        default="append-only",
        description="How rows get into a table: they are appended, there is no other way",
        allowed_values=["append-only"],
    ),
    th.Property("batch_size", COUNT, default=100_000, description="Most rows that a load job loads"),
    th.Property(
        "batch_size_bytes",
        COUNT,
        default=512 << 20,
        description="Most bytes of JSON that a load job loads, counted before compression",
    ),
    th.Property(
        "checkpoint_rows",
        COUNT,
        default=50_000,
        description="Rows after which the next STATE is sent on, once all that came before it is loaded",
    ),
    th.Property(
        "checkpoint_seconds",
        COUNT,
        default=120,
        description="Seconds after which the next STATE is sent on, once all that came before it is loaded",
    ),
    th.Property(
        "partition_column",
        th.StringType,
        default="_exported_at",
        description="Column by which a new table that has it is partitioned",
    ),
    th.Property(
        "partition_granularity",
        th.StringType,
        default="day",
        description="Length of time that a partition of a new table holds",
        allowed_values=["hour", "day", "month", "year"],
    ),
    th.Property(
        "cluster_on_key_properties",
        th.BooleanType,
        default=True,
        description="Whether a new table is clustered by its key",
    ),
    th.Property(
        "policy_tag",
        th.StringType,
        description="Policy tag, `projects/…/locations/…/taxonomies/…/policyTags/…`, for columns that a stream marks as personal",
    ),
    th.Property(
        "load_last",
        th.ArrayType(th.StringType),
        default=["EXPORT_METADATA"],
        description="Streams that are loaded after all others, because their rows say that those of the others are there",
    ),
    th.Property("load_parallelism", COUNT, default=4, description="Most load jobs that run at the same time"),
    th.Property(
        "timeout",
        COUNT,
        default=300,
        description="Seconds after which a request that BigQuery or GCS refuse or leave unanswered ends the run; until then it is tried again",
    ),
    th.Property(
        "max_rejected_share",
        th.DecimalType(minimum=0, maximum=1),
        default=0.05,
        description="Largest share of a stream's rows between two STATEs that may be rejected; above it, and above 10 rows, the run stops",
    ),
    th.Property(
        "validate_records",
        th.BooleanType,
        default=False,
        description="Whether rows are validated against the JSON schema, too, not only against the table's columns",
    ),
    th.Property(
        "bigquery_emulator_host",
        th.StringType,
        description="Address of a BigQuery emulator; the variable BIGQUERY_EMULATOR_HOST can give it instead",
    ),
    th.Property(
        "storage_emulator_host",
        th.StringType,
        description="Address of a GCS emulator; the variable STORAGE_EMULATOR_HOST can give it instead",
    ),
)

EMULATORS = {
    "bigquery_emulator_host": "BIGQUERY_EMULATOR_HOST",
    "storage_emulator_host": "STORAGE_EMULATOR_HOST",
}
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def emulator(config: Mapping[str, Any], setting: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """The emulator's address, None for Google itself. Raises SettingsError where `environment` forbids what is set."""
    address = config.get(setting) or environ.get(EMULATORS[setting]) or None
    environment = config.get("environment")
    if environment == "local":
        if not address:
            raise SettingsError(
                f"environment is local, but {setting} is not set: `make sandbox` tells the sandbox's addresses"
            )
        if urlsplit(address).hostname not in LOOPBACK:
            raise SettingsError(
                f"environment is local, but {setting} leads to {address}: only this machine may be written to"
            )
    elif environment and address:
        raise SettingsError(
            f"environment is {environment}, but {setting} (or {EMULATORS[setting]}) is set: remove it"
        )
    return address


def bigquery_client(config: Mapping[str, Any]) -> bigquery.Client:
    """Raises SettingsError."""
    address = emulator(config, "bigquery_emulator_host")
    if address:
        return bigquery.Client(
            config["project"],
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
            location=config["location"],
            client_options={"api_endpoint": address},
        )
    return bigquery.Client(config["project"], credentials=_credentials(config), location=config["location"])


def bucket(config: Mapping[str, Any]) -> Bucket | None:
    """The bucket files are staged in, if any. Raises SettingsError."""
    name = config.get("bucket")
    if not name:
        return None
    address = emulator(config, "storage_emulator_host")
    if address:
        client = StorageClient(
            config["project"],
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
            client_options={"api_endpoint": address},
        )
    else:
        client = StorageClient(config["project"], credentials=_credentials(config))
    return client.bucket(name)


def _credentials(config: Mapping[str, Any]) -> Credentials:
    """Those of the settings, or what Google's clients find by themselves. Raises SettingsError."""
    path, key = config.get("credentials_path"), config.get("credentials_json")
    if path and key:
        raise SettingsError("credentials_path and credentials_json are both set: choose one")
    try:
        if path:
            return service_account.Credentials.from_service_account_file(path)  # type: ignore[no-any-return, no-untyped-call]
        if key:
            return service_account.Credentials.from_service_account_info(json.loads(key))  # type: ignore[no-any-return, no-untyped-call]
    except OSError as unreadable:
        raise SettingsError(f"credentials_path: {path} cannot be read ({unreadable.strerror})") from None
    except ValueError:
        raise SettingsError(
            f"{'credentials_path' if path else 'credentials_json'} is no service account key"
        ) from None
    try:
        found, _ = google.auth.default()
    except (DefaultCredentialsError, OSError) as missing:
        raise SettingsError(
            f"credentials_path is not set, and Google's clients find no credentials themselves: {missing}"
        ) from None
    return found


def markdown_table() -> str:
    """The settings as the README shows them."""
    rows = ["| setting | | default |", "|---|---|---|"]
    schema = SETTINGS.to_dict()
    for name, setting in schema["properties"].items():
        default = json.dumps(setting["default"]) if "default" in setting else ""
        if name in schema.get("required", []):
            default = "**required**"
        rows.append(f"| `{name}` | {setting['description']} | {default} |")
    return "\n".join(rows)
