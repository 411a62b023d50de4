import dataclasses
import io
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from target_bigquery.target import TargetBigQuery

from sandbox.addresses import BUCKET, PROJECT
from tests.fault_proxy import FaultProxy
from tests.target_bigquery.singer import lines

IS_STOCK = os.environ.get("TARGET_UNDER_TEST") == "stock"
"""The suite can be run by name against the package that this loader replaces: `make stock`."""

ROOT = Path(__file__).parents[2]
STOCK = [
    ROOT / ".venvs" / "stock-target-bigquery" / "bin" / "python",
    Path(__file__).with_name("stock_launcher.py"),
]
OURS = "target-bigquery"


@dataclasses.dataclass(frozen=True)
class Loaded:
    code: int
    states: list[dict]
    stderr: str

    def says(self, text):
        """Whether our loader output it so; another has words of its own."""
        return IS_STOCK or text in self.stderr

    @property
    def is_brief(self):
        return IS_STOCK or "Traceback" not in self.stderr


@pytest.fixture(scope="session")
def proxy(warehouse):
    """Between the loader and both servers, so that tests can break what passes."""
    with (
        FaultProxy(warehouse.addresses.bigquery_url) as bigquery,
        FaultProxy(warehouse.addresses.gcs_url) as gcs,
    ):
        yield {"bigquery": bigquery, "gcs": gcs}


@pytest.fixture(params=["staged in GCS", "uploaded directly"])
def way(request):
    """How files reach BigQuery."""
    return request.param


@pytest.fixture
def config(dataset, proxy):
    for server in proxy.values():
        server.clear()
    return {
        "environment": "local",
        "project": PROJECT,
        "dataset": dataset,
        "bigquery_emulator_host": proxy["bigquery"].url,
        "storage_emulator_host": proxy["gcs"].url,
        "timeout": 120,
    }


def stock(config):
    """The same wishes in the stock package's settings."""
    return {
        "project": config["project"],
        "dataset": config["dataset"],
        "method": "gcs_stage" if config.get("bucket") else "batch_job",
        "bucket": config.get("bucket", "none"),
        "denormalized": True,
        "schema_resolver_version": 2,
        "partition_granularity": "day",
        "cluster_on_key_properties": True,
        "batch_size": config.get("checkpoint_rows", 100_000),
        "timeout": config["timeout"],
    }


@pytest.fixture
def start(config, way, tmp_path, commands):
    """Starts the command with these settings beside the usual ones, or another of the package."""

    def begin(*arguments, command=OURS, installed=False, **settings):
        path = tmp_path / "config.json"
        staged = {"bucket": BUCKET} if way == "staged in GCS" else {}
        chosen = {**config, **staged, **settings}
        path.write_text(
            json.dumps(stock(chosen) if IS_STOCK else {k: v for k, v in chosen.items() if v is not None})
        )
        environment = {
            name: value for name, value in os.environ.items() if not name.endswith("_EMULATOR_HOST")
        }
        if IS_STOCK:
            environment["BIGQUERY_EMULATOR_HOST"] = config["bigquery_emulator_host"]
            environment["STORAGE_EMULATOR_HOST"] = config["storage_emulator_host"]
            pipe = subprocess.PIPE
            line = [*STOCK, "--config", path]
            return subprocess.Popen(line, stdin=pipe, stdout=pipe, stderr=pipe, env=environment)
        return commands.start(command, "--config", path, *arguments, env=environment, installed=installed)

    return begin


@pytest.fixture
def load(start):
    """Runs the command over these messages, or bytes, to its end."""

    def run(messages, **settings):
        given = messages if isinstance(messages, bytes) else lines(messages)
        with start(**settings) as process:
            out, err = process.communicate(given, timeout=120)
        return Loaded(process.returncode, [json.loads(line) for line in out.splitlines()], err.decode())

    return run


@pytest.fixture
def load_here(config):
    """Loads these messages, or bytes, in this process, where a process of its own would show nothing more."""

    def run(messages, **settings):
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            TargetBigQuery(config={**config, **settings}).listen(
                io.BytesIO(messages if isinstance(messages, bytes) else lines(messages))
            )
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    return run


@pytest.fixture
def rows(warehouse, dataset):
    """The table's rows, in the order of ids."""

    def read(table="ticket", columns="*"):
        return [
            dict(row)
            for row in warehouse.client.query_and_wait(f"SELECT {columns} FROM {dataset}.{table} ORDER BY id")
        ]

    return read


@pytest.fixture
def ids(rows):
    return lambda table="ticket": [row["id"] for row in rows(table)]
