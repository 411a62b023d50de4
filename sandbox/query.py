"""Queries the sandbox's warehouse, whether or not the sandbox is up."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from google.api_core.exceptions import GoogleAPICallError

from sandbox.addresses import DATASET, PROJECT, Addresses
from sandbox.bigquery import bigquery_server, connect
from sandbox.processes import SandboxError, answers
from sandbox.text_table import text_table

if TYPE_CHECKING:
    from pathlib import Path

MAX_WIDTH = 300
"""Characters of a value: enough for the join errors of three users."""


def query(sql: str, data_dir: Path) -> str:
    """The rows as a text table. Starts a BigQuery server on `data_dir` if the sandbox is not up.

    Raises SandboxError.
    """
    addresses = Addresses.known()
    with ExitStack() as servers:
        if answers(f"{addresses.bigquery_url}/bigquery/v2/projects/{PROJECT}/datasets"):
            client = connect(addresses.bigquery_url)
        elif not (data_dir / "bigquery").exists():
            raise SandboxError(
                f"no sandbox answers at {addresses.bigquery_url}, and {data_dir} has no data of one:"
                " start one with `make sandbox`"
            )
        else:
            client = servers.enter_context(bigquery_server(Addresses.free(), data_dir))
        try:
            result = client.query_and_wait(sql)
        except GoogleAPICallError as error:
            raise SandboxError(f"{error.message} (tables are named like {DATASET}.ticket_latest)") from None
        return text_table(
            [field.name for field in result.schema], [row.values() for row in result], MAX_WIDTH
        )
