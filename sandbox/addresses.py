"""Where the sandbox's servers listen, and the environment that points the product at them."""

from __future__ import annotations

import dataclasses
import socket

PROJECT = "local-cityblock-data"
DATASET = "zendesk"
BUCKET = "zendesk_export_local"
LOCATION = "US"


@dataclasses.dataclass(frozen=True)
class Addresses:
    """Loopback ports. The defaults are those that meltano.yml's `local` environment knows."""

    zendesk: int = 8090
    bigquery: int = 9050
    bigquery_grpc: int = 9060
    gcs: int = 4443

    @classmethod
    def free(cls) -> Addresses:
        """Ports that nobody listened on a moment ago."""
        names = [field.name for field in dataclasses.fields(cls)]
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in names]
        ports = [opened.getsockname()[1] for opened in sockets]
        for opened in sockets:
            opened.close()
        return cls(**dict(zip(names, ports, strict=True)))

    @property
    def zendesk_url(self) -> str:
        return f"http://127.0.0.1:{self.zendesk}"

    @property
    def bigquery_url(self) -> str:
        return f"http://127.0.0.1:{self.bigquery}"

    @property
    def gcs_url(self) -> str:
        return f"http://127.0.0.1:{self.gcs}"

    def environment(self) -> dict[str, str]:
        """Variables for Meltano, which outrank the addresses in meltano.yml, and for Google's clients."""
        return {
            "TAP_ZENDESK_CITYBLOCK_BASE_URL": self.zendesk_url,
            "TARGET_BIGQUERY_BIGQUERY_EMULATOR_HOST": self.bigquery_url,
            "TARGET_BIGQUERY_STORAGE_EMULATOR_HOST": self.gcs_url,
            "DBT_BIGQUERY_BIGQUERY_EMULATOR_HOST": self.bigquery_url,
            "BIGQUERY_EMULATOR_HOST": self.bigquery_url,
            "STORAGE_EMULATOR_HOST": self.gcs_url,
        }
