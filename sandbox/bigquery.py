"""The BigQuery server: local-bigquery, in its own environment because it needs Python 3.13."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from sandbox.addresses import DATASET, LOCATION, PROJECT
from sandbox.processes import SandboxError, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.addresses import Addresses

PYTHON = Path(
    os.environ.get("LOCAL_BIGQUERY_PYTHON")
    or Path(__file__).parent.parent / ".venvs" / "local-bigquery" / "bin" / "python"
)
LAUNCHER = Path(__file__).parent / "local_bigquery_launcher.py"


@contextmanager
def bigquery_server(addresses: Addresses, data_dir: Path) -> Iterator[bigquery.Client]:
    """Runs the server, with the dataset `zendesk`, until the block is left. Yields a client.

    Raises SandboxError.
    """
    if not PYTHON.exists():
        raise SandboxError(f"local-bigquery is not installed at {PYTHON}: run `make setup`")
    argv = [
        *(str(PYTHON), str(LAUNCHER), "serve"),
        *("--host", "127.0.0.1", "--port", str(addresses.bigquery)),
        *("--grpc-port", str(addresses.bigquery_grpc)),
        *("--project", PROJECT, "--dataset", DATASET),
        *("--data-dir", str(data_dir / "bigquery")),
    ]
    probe = f"{addresses.bigquery_url}/bigquery/v2/projects/{PROJECT}/datasets"
    env = {"GCS_LOCAL_ROOT": str(data_dir / "gcs")}  # gs:// loads read the GCS server's own folder
    with serving("BigQuery", argv, probe=probe, log=data_dir / "logs" / "bigquery.log", env=env):
        client = connect(addresses.bigquery_url)
        client.create_dataset(DATASET, exists_ok=True)
        yield client


def connect(url: str, project: str = PROJECT) -> bigquery.Client:
    """A client of the server at `url`; ignores the environment."""
    return bigquery.Client(
        project,
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        location=LOCATION,
        client_options={"api_endpoint": url},
    )
