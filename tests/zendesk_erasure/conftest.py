import dataclasses
import io
import json
import os
import signal
import uuid

import pytest
from target_bigquery.target import TargetBigQuery

from sandbox.addresses import BUCKET, PROJECT
from tests.fault_proxy import FaultProxy

COMMAND = "zendesk-erasure"


@dataclasses.dataclass(frozen=True)
class Ran:
    code: int
    stdout: str
    stderr: str


@pytest.fixture
def messages_dataset(warehouse, dataset):
    name = f"{dataset}_messages"
    warehouse.client.create_dataset(name)
    yield name
    warehouse.client.delete_dataset(name, delete_contents=True)


@pytest.fixture(scope="session")
def proxy(warehouse):
    """Between the command and BigQuery, so that tests can break what passes."""
    with FaultProxy(warehouse.addresses.bigquery_url) as between:
        yield between


@pytest.fixture
def config(dataset, messages_dataset, warehouse, proxy):
    proxy.clear()
    return {
        "environment": "local",
        "project": PROJECT,
        "dataset": dataset,
        "messages_dataset": messages_dataset,
        "bigquery_emulator_host": proxy.url,
        "timeout": 60,
    }


@pytest.fixture
def start(config, tmp_path, commands, warehouse):
    """Starts the command with these settings beside the usual ones."""

    def begin(name, *arguments, **settings):
        path = tmp_path / f"{uuid.uuid4().hex}.json"
        path.write_text(json.dumps({**config, **settings}))
        environment = {key: value for key, value in os.environ.items() if not key.endswith("_EMULATOR_HOST")}
        return commands.start(COMMAND, name, "--config", path, *arguments, env=environment)

    return begin


@pytest.fixture
def run(start):
    """Runs the command to its end."""

    def to_its_end(name, *arguments, **settings):
        with start(name, *arguments, **settings) as process:
            out, err = process.communicate(timeout=120)
        return Ran(process.returncode, out.decode(), err.decode())

    return to_its_end


@pytest.fixture
def load(config, warehouse):
    """Loads Singer messages with target-bigquery, in this process."""

    def to_bigquery(messages, **settings):
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        given = "".join(json.dumps(message) + "\n" for message in messages).encode()
        wanted = {key: value for key, value in config.items() if key != "messages_dataset"}
        try:
            TargetBigQuery(config={**wanted, **settings}).listen(io.BytesIO(given))
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    return to_bigquery


@pytest.fixture
def staged(warehouse):
    """Settings with the bucket."""
    return {"bucket": BUCKET, "storage_emulator_host": warehouse.addresses.gcs_url}


@pytest.fixture
def sql(warehouse):
    return lambda text: [tuple(row) for row in warehouse.client.query_and_wait(text)]


@pytest.fixture
def hits(warehouse, sql):
    """Rows by table in which a text occurs, of every table and view of these datasets."""

    def search(text, *datasets):
        counts = " UNION ALL ".join(
            f"SELECT '{table.table_id}', COUNT(*) FROM {dataset}.{table.table_id} AS t "
            f"WHERE STRPOS(TO_JSON_STRING(t), '{text}') > 0"
            for dataset in datasets
            for table in warehouse.client.list_tables(dataset)
        )
        return {name: count for name, count in sql(counts) if count}

    return search
