import dataclasses
import os
import subprocess
from pathlib import Path

import pytest

from sandbox import internal_directory
from sandbox.addresses import DATASET, MESSAGES_DATASET, Addresses
from sandbox.pubsub import pubsub_server
from sandbox.servers import Sandbox, Size
from tests.dbt_runs import Dbt
from tests.forks import Forks, forks
from tests.servers import zendesk_simulator

PROJECT = Path(__file__).parents[2]
INSTALLED = ("extractors", "loaders", "utilities")
MELTANO = PROJECT / ".venvs" / "meltano" / "bin" / "meltano"


@dataclasses.dataclass(frozen=True)
class Project:
    """This Meltano project beside a sandbox of its own, with a `.meltano` of its own: settings files, state, locks."""

    sandbox: Sandbox
    home: Path
    dbt_runs: Dbt
    forks: Forks
    """Of Meltano, whose imports are half of what a start costs."""

    def environment(self, env: dict[str, str]) -> dict[str, str]:
        return {
            **os.environ,
            **self.sandbox.addresses.environment(),
            "MELTANO_SYS_DIR_ROOT": str(self.home / ".meltano"),
            "MELTANO_CLI_LOG_LEVEL": "info",
            "DBT_TARGET_PATH": str(self.dbt_runs.home / "meltano"),
            "TARGET_BIGQUERY_TIMEOUT": "120",
            "TARGET_ZENDESK_PUBSUB_TIMEOUT": "120",
            "NO_COLOR": "1",
            **env,
        }

    def start(self, *arguments: str, log: Path | None = None, **env: str) -> subprocess.Popen[bytes]:
        """Under way, its output thrown away, or in `log`."""
        with (log or Path(os.devnull)).open("wb") as output:
            return subprocess.Popen(
                [MELTANO, *arguments],
                cwd=PROJECT,
                env=self.environment(env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=output,
            )

    def meltano(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        command = [str(MELTANO), *arguments]
        output, errors = self.home / "output", self.home / "errors"
        _, ended = self.forks.start(*command, environment=self.environment(env), output=output, errors=errors)
        return subprocess.CompletedProcess(command, ended(), output.read_text(), errors.read_text())

    def run(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """A `meltano run` that has to succeed."""
        done = self.meltano("run", *arguments, **env)
        assert done.returncode == 0, done.stderr[-5000:]
        return done

    def build(self, *views: str) -> None:
        """These views, and what they are built from; without names, all that are on by default."""
        done = self.dbt_runs.run(
            *("run", *(("--select", *(f"+{view}" for view in views)) if views else ())),
            dataset=DATASET,
            target=self.home / "dbt",
            environment={"BIGQUERY_EMULATOR_HOST": self.sandbox.addresses.bigquery_url},
        )
        assert done.returncode == 0, done.stdout[-5000:]

    def rows(self, sql: str) -> list[dict[str, object]]:
        return [dict(row) for row in self.sandbox.warehouse.query_and_wait(sql)]


@pytest.fixture(scope="module")
def size():
    """Of the module's Zendesk account."""
    return Size(tickets=1500, users=300)


@pytest.fixture(scope="session")
def meltano_forks():
    with forks(MELTANO.with_name("python"), "meltano.cli:main", folder=PROJECT) as server:
        yield server


@pytest.fixture(scope="module")
def servers(tmp_path_factory, commands, warehouse, size):
    """A sandbox with the BigQuery of all tests, because dbt reads its project again for another one."""
    data_dir = tmp_path_factory.mktemp("sandbox")
    own, client = Addresses.free(), warehouse.client
    addresses = dataclasses.replace(warehouse.addresses, zendesk=own.zendesk, pubsub=own.pubsub)
    datasets = (DATASET, MESSAGES_DATASET, internal_directory.DATASET)
    options = ("--port", own.zendesk, "--seed", size.seed, "--tickets", size.tickets, "--users", size.users)
    with zendesk_simulator(data_dir / "zendesk.sqlite", *options), pubsub_server(addresses, data_dir):
        for dataset in datasets:
            client.create_dataset(dataset, exists_ok=True)
        internal_directory.seed_internal_directory(client, addresses.zendesk_url)
        yield Sandbox(addresses, client, data_dir)
    for dataset in datasets:
        client.delete_dataset(dataset, delete_contents=True)


@pytest.fixture(scope="module")
def project(tmp_path_factory, dbt_runs, meltano_forks, servers):
    home = tmp_path_factory.mktemp("project")
    # Two runs in one `.meltano` would share the extractor's files under its `run`.
    (home / ".meltano" / "run").mkdir(parents=True, mode=0o700)
    for folder in INSTALLED:
        (home / ".meltano" / folder).symlink_to(PROJECT / ".meltano" / folder)
    return Project(servers, home, dbt_runs, meltano_forks)
