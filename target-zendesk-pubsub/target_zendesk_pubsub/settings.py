"""The settings, each described here and nowhere else, and the clients they lead to."""

from __future__ import annotations

import json
import logging
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import google.auth
import grpc
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.exceptions import DefaultCredentialsError
from google.auth.transport.requests import AuthorizedSession
from google.cloud import bigquery
from google.oauth2 import service_account
from google.pubsub_v1 import PublisherClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from singer_sdk import typing as th

from target_zendesk_pubsub.errors import SettingsError
from target_zendesk_pubsub.patience import limit

if TYPE_CHECKING:
    from collections.abc import Mapping

TopicType = th.StringType(pattern=r"^[A-Za-z][\w.~+%-]{2,254}$")  # the name alone: topic_project is a setting
DatasetType = th.StringType(pattern=r"^\w+$")
TableType = th.StringType(pattern=r"^(?:[a-z0-9:.-]+\.)?\w+\.[\w-]+$")

COUNT = th.IntegerType(minimum=1)

SETTINGS = th.PropertiesList(
    th.Property(
        "environment",
        th.StringType,
        required=True,
        description="Where this runs, which every message carries: `local` refuses everything but emulators on loopback addresses; `staging` and `prod` refuse emulators",
        allowed_values=["local", "staging", "prod"],
    ),
    th.Property(
        "project",
        th.StringType,
        required=True,
        description="Google Cloud project of the datasets, in which queries and load jobs run",
    ),
    th.Property(
        "dataset",
        DatasetType,
        default="zendesk",
        description="BigQuery dataset of the views zendesk_user_directory and user_latest, in which the tables TICKET_USER_JOIN_ERROR and REJECTED_RECORD are kept",
    ),
    th.Property(
        "messages_dataset",
        DatasetType,
        default="pubsub_messages",
        description="BigQuery dataset in which published messages are logged; must exist",
    ),
    th.Property(
        "location",
        th.StringType,
        default="US",
        description="Location of the datasets, such as US or us-east1",
    ),
    th.Property(
        "topic",
        TopicType,
        required=True,
        description="Pub/Sub topic to publish to, by its name alone, which must exist",
    ),
    th.Property(
        "topic_project",
        th.StringType,
        description="Google Cloud project of the topic, if it is another than `project`",
    ),
    th.Property(
        "pubsub_endpoint",
        th.StringType,
        description="Regional endpoint of Pub/Sub, such as us-east1-pubsub.googleapis.com: messages published in several regions have no order",
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
        "batch_size",
        COUNT,
        default=5_000,
        description="Most tickets that are looked up, published and logged together",
    ),
    th.Property(
        "batch_size_bytes",
        COUNT,
        default=32 << 20,
        description="Most bytes of input that are looked up, published and logged together",
    ),
    th.Property(
        "max_rejected_share",
        th.NumberType(minimum=0, maximum=1),
        default=0.05,
        description="Share of a batch's tickets that may be set aside because they cannot be read; above it, and above 10 tickets, the run stops",
    ),
    th.Property(
        "policy_tag",
        th.StringType,
        description="Policy tag, `projects/…/locations/…/taxonomies/…/policyTags/…`, for the columns that hold messages: `data` of those published, `payload` of those that wait or were rejected",
    ),
    th.Property(
        "legacy_log",
        TableType,
        description="Table `dataset.table` in which the replaced system logged its messages, for the first run: a ticket that is not newer than its version there is logged and not sent",
    ),
    th.Property(
        "legacy_updated_at",
        th.StringType,
        default="SAFE_CAST(JSON_VALUE(data, '$.updated_at') AS TIMESTAMP)",
        description="SQL expression over a row of `legacy_log`: the updated_at of the ticket as it was published",
    ),
    th.Property(
        "timeout",
        COUNT,
        default=300,
        description="Seconds after which a request that BigQuery or Pub/Sub refuse or leave unanswered ends the run; until then it is tried again",
    ),
    th.Property(
        "bigquery_emulator_host",
        th.StringType,
        description="Address of a BigQuery emulator; the variable BIGQUERY_EMULATOR_HOST can give it instead",
    ),
    th.Property(
        "pubsub_emulator_host",
        th.StringType,
        description="Address of a Pub/Sub emulator, host:port; the variable PUBSUB_EMULATOR_HOST wins over it",
    ),
)

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def emulator(config: Mapping[str, Any], setting: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """The emulator's address, None for Google itself. Raises SettingsError where `environment` forbids what is set."""
    variable = setting.upper()
    given, inherited = config.get(setting), environ.get(variable)
    address = (inherited or given if setting == "pubsub_emulator_host" else given or inherited) or None
    environment = config["environment"]
    if environment == "local":
        if not address:
            raise SettingsError(
                f"environment is local, but {setting} is not set: `make sandbox` tells the sandbox's addresses"
            )
        if urlsplit(address if "//" in address else f"//{address}").hostname not in LOOPBACK:
            raise SettingsError(
                f"environment is local, but {setting} leads to {address}: only this machine may be written to"
            )
    elif address:
        raise SettingsError(f"environment is {environment}, but {setting} (or {variable}) is set: remove it")
    return address


def quieten_clients() -> None:
    """Google's clients log whole requests at DEBUG, which GOOGLE_SDK_PYTHON_LOGGING_SCOPE turns on: rows and messages."""
    for module in (PublisherGrpcTransport.__module__, AuthorizedSession.__module__):
        logging.getLogger(module).setLevel(logging.INFO)


def bigquery_client(config: Mapping[str, Any]) -> bigquery.Client:
    """Raises SettingsError."""
    address = emulator(config, "bigquery_emulator_host")
    client = bigquery.Client(
        config["project"],
        credentials=AnonymousCredentials() if address else _credentials(config),  # type: ignore[no-untyped-call]
        location=config["location"],
        client_options={"api_endpoint": address} if address else None,
    )
    # The client has no public way to bound all of its requests. Client.close() knows the same two sessions.
    limit(client._http, config["timeout"])  # noqa: SLF001
    limit(client._http._auth_request.session, config["timeout"])  # noqa: SLF001
    return client


def publisher_client(config: Mapping[str, Any]) -> PublisherClient:
    """Raises SettingsError."""
    address = emulator(config, "pubsub_emulator_host")
    if address:
        return PublisherClient(transport=PublisherGrpcTransport(channel=grpc.insecure_channel(address)))
    return PublisherClient(
        credentials=_credentials(config),
        client_options=ClientOptions(api_endpoint=config.get("pubsub_endpoint")),
    )


def topic_name(config: Mapping[str, Any]) -> str:
    """The topic's whole name."""
    return f"projects/{config.get('topic_project') or config['project']}/topics/{config['topic']}"


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
