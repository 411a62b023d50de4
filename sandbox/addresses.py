"""The addresses of the sandbox's servers, and the environment variables that point the product to them."""

from __future__ import annotations

import dataclasses
import os
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT = "local-cityblock-data"
DATASET = "zendesk"
BUCKET = "zendesk_export_local"
LOCATION = "US"
MESSAGES_DATASET = "pubsub_messages"
TOPIC_PROJECT = "cityblock-data"
TOPIC = "devZendeskTicket"
SUBSCRIPTION = "devCommonsZendeskTicket"


@dataclasses.dataclass(frozen=True)
class Addresses:
    """Loopback ports. The defaults are those in meltano.yml's `local` environment."""

    zendesk: int = 8090
    bigquery: int = 9050
    bigquery_grpc: int = 9060
    gcs: int = 4443
    pubsub: int = 8085
    given_pubsub_host: str | None = dataclasses.field(
        default_factory=lambda: os.environ.get("PUBSUB_EMULATOR_HOST") or None
    )
    """A Pub/Sub server that is running already, and is used instead of the sandbox's own."""

    @classmethod
    def free(cls) -> Addresses:
        """Ports that were free a moment ago."""
        names = [field.name for field in dataclasses.fields(cls) if isinstance(field.default, int)]
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in names]
        ports = [opened.getsockname()[1] for opened in sockets]
        for opened in sockets:
            opened.close()
        return cls(**dict(zip(names, ports, strict=True)))

    @classmethod
    def known(cls, environ: Mapping[str, str] = os.environ) -> Addresses:
        """The addresses of a running sandbox: from the variables that it printed, or the default ports."""
        usual = cls()

        def port(variable: str, otherwise: int) -> int:
            return urlsplit(environ.get(variable, "")).port or otherwise

        return dataclasses.replace(
            usual,
            zendesk=port("TAP_ZENDESK_CITYBLOCK_BASE_URL", usual.zendesk),
            bigquery=port("BIGQUERY_EMULATOR_HOST", usual.bigquery),
            gcs=port("STORAGE_EMULATOR_HOST", usual.gcs),
        )

    @property
    def zendesk_url(self) -> str:
        return f"http://127.0.0.1:{self.zendesk}"

    @property
    def bigquery_url(self) -> str:
        return f"http://127.0.0.1:{self.bigquery}"

    @property
    def gcs_url(self) -> str:
        return f"http://127.0.0.1:{self.gcs}"

    @property
    def pubsub_host(self) -> str:
        """host:port, as in PUBSUB_EMULATOR_HOST."""
        return self.given_pubsub_host or f"127.0.0.1:{self.pubsub}"

    def environment(self) -> dict[str, str]:
        """Variables for Meltano, which override the addresses in meltano.yml, and for Google's clients."""
        return {
            "TAP_ZENDESK_CITYBLOCK_BASE_URL": self.zendesk_url,
            "TARGET_BIGQUERY_BIGQUERY_EMULATOR_HOST": self.bigquery_url,
            "TARGET_BIGQUERY_STORAGE_EMULATOR_HOST": self.gcs_url,
            "TARGET_ZENDESK_PUBSUB_BIGQUERY_EMULATOR_HOST": self.bigquery_url,
            "TARGET_ZENDESK_PUBSUB_PUBSUB_EMULATOR_HOST": self.pubsub_host,
            "DBT_BIGQUERY_BIGQUERY_EMULATOR_HOST": self.bigquery_url,
            "ZENDESK_ERASURE_BIGQUERY_EMULATOR_HOST": self.bigquery_url,
            "ZENDESK_ERASURE_STORAGE_EMULATOR_HOST": self.gcs_url,
            "ZENDESK_RECONCILIATION_BASE_URL": self.zendesk_url,
            "ZENDESK_RECONCILIATION_BIGQUERY_EMULATOR_HOST": self.bigquery_url,
            "OPERATIONS_PAGE_BIGQUERY_EMULATOR_HOST": self.bigquery_url,
            "BIGQUERY_EMULATOR_HOST": self.bigquery_url,
            "STORAGE_EMULATOR_HOST": self.gcs_url,
            "PUBSUB_EMULATOR_HOST": self.pubsub_host,
        }
