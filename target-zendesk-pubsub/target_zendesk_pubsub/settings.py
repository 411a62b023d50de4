"""The settings, each described only here, and the clients that use them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import grpc
from cityblock_singer.environments import ENVIRONMENTS, emulator
from cityblock_singer.google import clients
from cityblock_singer.google.settings import BIGQUERY_EMULATOR, COUNT, CREDENTIALS, DATASET, RETENTION
from google.api_core.client_options import ClientOptions
from google.auth.transport.requests import AuthorizedSession
from google.pubsub_v1 import PublisherClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from singer_sdk import typing as th

from target_zendesk_pubsub.request_timeouts import limit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.cloud import bigquery

TopicType = th.StringType(pattern=r"^[A-Za-z][\w.~+%-]{2,254}$")  # without the project, which is a setting
TableType = th.StringType(pattern=r"^(?:[a-z0-9:.-]+\.)?\w+\.[\w-]+$")

SETTINGS = th.PropertiesList(
    th.Property(
        "environment",
        th.StringType,
        required=True,
        description="Where this runs, an attribute of every message. `local` accepts only emulators on this machine; `staging` and `prod` refuse emulators",
        allowed_values=ENVIRONMENTS,
    ),
    th.Property(
        "project",
        th.StringType,
        required=True,
        description="Google Cloud project of the datasets; queries and load jobs run in it",
    ),
    th.Property(
        "dataset",
        DATASET,
        default="zendesk",
        description="BigQuery dataset of the views zendesk_user_directory and user_latest, and of the tables TICKET_USER_JOIN_ERROR and REJECTED_RECORD",
    ),
    th.Property(
        "messages_dataset",
        DATASET,
        default="pubsub_messages",
        description="BigQuery dataset for the log of published messages, which must exist",
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
        description="Name of the Pub/Sub topic, without its project; it must exist",
    ),
    th.Property(
        "topic_project",
        th.StringType,
        description="Google Cloud project of the topic, if it is not `project`",
    ),
    th.Property(
        "pubsub_endpoint",
        th.StringType,
        description="Regional Pub/Sub endpoint, such as us-east1-pubsub.googleapis.com. Pub/Sub keeps messages in order only within one region",
    ),
    *CREDENTIALS,
    th.Property(
        "batch_size",
        COUNT,
        default=5_000,
        description="Maximum tickets per batch",
    ),
    th.Property(
        "batch_size_bytes",
        COUNT,
        default=32 << 20,
        description="Maximum bytes of input per batch",
    ),
    th.Property(
        "max_rejected_share",
        th.NumberType(minimum=0, maximum=1),
        default=0.05,
        description="Maximum share of a batch's tickets that may be rejected. The run stops if more than this share, and more than 10 tickets, are rejected",
    ),
    th.Property(
        "log_retention_days",
        RETENTION,
        description="Days after which BigQuery drops partitions of published and refused messages, once they are in zendesk_ticket_state. Without it, all rows are kept",
    ),
    th.Property(
        "join_error_retention_days",
        RETENTION,
        description="Days after which BigQuery drops partitions of TICKET_USER_JOIN_ERROR; waiting tickets stay in zendesk_ticket_waiting. Required with `log_retention_days`, and at least 7 days less. Without it, all rows are kept",
    ),
    th.Property(
        "policy_tag",
        th.StringType,
        description="Policy tag for the columns `data` and `payload`, which contain messages and records, as `projects/…/locations/…/taxonomies/…/policyTags/…`",
    ),
    th.Property(
        "legacy_log",
        TableType,
        description="Message log of the legacy system, as `dataset.table`, for the first run: a ticket that is not newer than its version in this table is logged, but not published",
    ),
    th.Property(
        "legacy_updated_at",
        th.StringType,
        default="SAFE_CAST(JSON_VALUE(data, '$.updated_at') AS TIMESTAMP)",
        description="SQL expression over the columns of `legacy_log` for the updated_at of the published ticket",
    ),
    th.Property(
        "timeout",
        COUNT,
        default=300,
        description="Retry deadline in seconds for transient errors of BigQuery and Pub/Sub, and for requests without an answer",
    ),
    BIGQUERY_EMULATOR,
    th.Property(
        "pubsub_emulator_host",
        th.StringType,
        description="Address of a Pub/Sub emulator, as host:port. The environment variable PUBSUB_EMULATOR_HOST takes precedence",
    ),
)


def quieten_clients() -> None:
    """At DEBUG, which GOOGLE_SDK_PYTHON_LOGGING_SCOPE turns on, Google's clients log whole requests with rows and messages."""
    for module in (PublisherGrpcTransport.__module__, AuthorizedSession.__module__):
        logging.getLogger(module).setLevel(logging.INFO)


def bigquery_client(config: Mapping[str, Any]) -> bigquery.Client:
    """Each of its requests ends within `timeout`. Raises SettingsError."""
    client = clients.bigquery_client(config)
    # The client has no public way to limit all of its requests. Client.close() knows the same two sessions.
    limit(client._http, config["timeout"])  # noqa: SLF001
    limit(client._http._auth_request.session, config["timeout"])  # noqa: SLF001
    return client


def publisher_client(config: Mapping[str, Any]) -> PublisherClient:
    """Raises SettingsError."""
    address = emulator(config, "pubsub_emulator_host", is_environ_preferred=True)
    if address:
        return PublisherClient(transport=PublisherGrpcTransport(channel=grpc.insecure_channel(address)))
    return PublisherClient(
        credentials=clients.credentials(config),
        client_options=ClientOptions(api_endpoint=config.get("pubsub_endpoint")),
    )


def topic_name(config: Mapping[str, Any]) -> str:
    """The topic's full name."""
    return f"projects/{config.get('topic_project') or config['project']}/topics/{config['topic']}"
