"""A query against the sandbox's warehouse, whether or not the sandbox is up."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from google.api_core.exceptions import GoogleAPICallError

from sandbox.addresses import DATASET, PROJECT, Addresses
from sandbox.bigquery import bigquery_server, connect
from sandbox.processes import answers
from sandbox.tables import text_table

if TYPE_CHECKING:
    from pathlib import Path

WIDEST = 300
"""Characters of a value: what three users of a ticket are missed for still shows."""


class QueryError(Exception):
    """BigQuery refused the query, or there is nothing to query; the message says why."""


def query(sql: str, data_dir: Path) -> str:
    """The rows as a table. Starts the BigQuery server on `data_dir` for the while, if none is up.

    Raises QueryError, ServerStartError.
    """
    addresses = Addresses.known()
    with ExitStack() as servers:
        if answers(f"{addresses.bigquery_url}/bigquery/v2/projects/{PROJECT}/datasets"):
            client = connect(addresses.bigquery_url)
        elif not (data_dir / "bigquery").exists():
            raise QueryError(
                f"no sandbox answers at {addresses.bigquery_url}, and none has left its data in {data_dir}:"
                " start one with `make sandbox`"
            )
        else:
            client = servers.enter_context(bigquery_server(Addresses.free(), data_dir))
        try:
            result = client.query_and_wait(sql)
        except GoogleAPICallError as refused:
            raise QueryError(f"{refused.message} (tables are named like {DATASET}.ticket_latest)") from None
        return text_table([field.name for field in result.schema], [row.values() for row in result], WIDEST)
