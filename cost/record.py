"""Runs every job of the product in a sandbox on free ports, and keeps what it asked of BigQuery, job by job.

    .venv/bin/python cost/record.py build/cost/now

The folder then has the requests (`*.jsonl`, see sandbox/local_bigquery_launcher.py), `phases.json` (which of them each
job sent) and `sizes.json` (average size of each column). It imports nothing of this folder, so that it can also record
another commit of the product, whose packages are then first in PYTHONPATH.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from benchmarks.whole_path import build_views
from sandbox.addresses import BUCKET, DATASET, MESSAGES_DATASET, PROJECT, TOPIC, TOPIC_PROJECT, Addresses
from sandbox.internal_directory import resolve_users
from sandbox.servers import Size, advance, sandbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from google.cloud import bigquery

    from sandbox.servers import Sandbox

BIN = Path(sys.executable).parent
SIZE = Size(seed=1, tickets=400, users=120)
MEASURED_ROWS = 400
FIXED = {
    "INTEGER": 8,
    "FLOAT": 8,
    "BOOLEAN": 1,
    "TIMESTAMP": 8,
    "DATE": 8,
    "DATETIME": 8,
    "TIME": 8,
    "NUMERIC": 16,
}
"""https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#data_type_sizes, from memory: bytes."""
ALL = {"bulk_models": ["all"], "incremental_models": ["all"]}
FALLBACK = {"bulk_models": [], "incremental_models": ["ticket", "user"], "incremental_exports": False}
UNREADABLE = {"custom_fields": "?"}
"""What makes a ticket unreadable for both targets, until it is replaced by an empty list."""


class Recorder:
    """The jobs of one sandbox. `folder`: where its BigQuery records."""

    def __init__(self, servers: Sandbox, home: Path, folder: Path) -> None:
        self._servers, self._home, self._folder = servers, home, folder
        self.phases: list[dict[str, Any]] = []
        self._ticket: dict[str, Any] = {}
        at = servers.addresses
        google = {"environment": "local", "project": PROJECT, "dataset": DATASET}
        google["bigquery_emulator_host"] = at.bigquery_url
        self._tap = {
            "environment": "local",
            "subdomain": "cityblock-local",
            "base_url": at.zendesk_url,
            "client_id": "sandbox",
            "client_secret": "sandbox-secret",
        }
        self._targets: dict[str, dict[str, Any]] = {
            "target-bigquery": {**google, "bucket": BUCKET, "storage_emulator_host": at.gcs_url},
            "target-zendesk-pubsub": {
                **google,
                "messages_dataset": MESSAGES_DATASET,
                "topic": TOPIC,
                "topic_project": TOPIC_PROJECT,
                "pubsub_emulator_host": at.pubsub_host,
            },
        }
        for target, days in retention():
            self._targets[target] |= days

    def record(self) -> None:
        url, sql = self._servers.addresses.zendesk_url, self._servers.warehouse.query_and_wait
        self._export("first export", ALL)
        self._views("first views", opt_in=True)
        self._publish("first publication")
        self._publish("publication without changes")
        ticket = {**self._ticket, **UNREADABLE}
        odd = [schema(), {"type": "RECORD", "stream": "ticket", "record": ticket}]
        for target in self._targets:
            self._command(f"rejection by {target}", target, given=odd)
        advance(url, hours=1)
        self._export("export")
        self._views("views")
        self._publish("publication")
        advance(url, hours=1)
        resolve_users(self._servers.warehouse, url)
        self._publish("publication that resolves join errors")
        sql(f"UPDATE {DATASET}.REJECTED_RECORD SET payload = REPLACE(payload, '\"?\"', '[]') WHERE TRUE")  # noqa: S608 - a name of ours
        for target in self._targets:
            self._command(f"{target}-reload-rejected", f"{target}-reload-rejected")
        replay = ("--from", "2026-01-01", "--to", "2099-12-31", "--ticket", "1")
        self._command("target-zendesk-pubsub-replay", "target-zendesk-pubsub-replay", *replay)
        for target in self._targets:
            self._command(f"{target}-check", f"{target}-check")
        self._export("export of opt-in models", ALL)
        self._export("export in fallback", FALLBACK)
        self._views("views of opt-in models, after fallback", opt_in=True)

    def _export(self, phase: str, settings: dict[str, Any] | None = None) -> None:
        self._phase(phase, lambda: self._piped("target-bigquery", settings or {}))

    def _views(self, phase: str, *, opt_in: bool = False) -> None:
        os.environ["DBT_BIGQUERY_OPT_IN_VIEWS"] = json.dumps(opt_in)
        self._phase(phase, lambda: build_views(self._servers, self._home))

    def _publish(self, phase: str) -> None:
        tickets = {"bulk_models": [], "incremental_models": ["ticket"]}
        self._phase(phase, lambda: self._piped("target-zendesk-pubsub", tickets))

    def _piped(self, target: str, models: dict[str, Any]) -> None:
        """The tap into the target, from the state of the last such run."""
        state = self._home / f"{target}.state.json"
        config = self._written("tap", {**self._tap, **models})
        command: list[str | Path] = [BIN / "tap-zendesk-cityblock", "--config", config]
        if state.exists() and models is not FALLBACK:
            command += ["--state", state]
        given = subprocess.run(command, capture_output=True, check=True)
        for line in given.stdout.splitlines():
            if line.startswith(b'{"type":"RECORD","stream":"ticket",'):
                self._ticket = json.loads(line)["record"]
                break
        ran = self._run(target, given.stdout)
        if (states := ran.stdout.splitlines()) and models is not FALLBACK:
            state.write_bytes(states[-1])

    def _command(self, phase: str, command: str, *arguments: str, given: Iterable[Any] = ()) -> None:
        text = "".join(f"{json.dumps(one)}\n" for one in given).encode()
        self._phase(phase, lambda: self._run(command, text, *arguments))

    def _run(self, command: str, given: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Raises SystemExit, with what it wrote."""
        [target] = [name for name in self._targets if command.startswith(name)]
        config = self._written(target, self._targets[target])
        ran = subprocess.run(
            [BIN / command, "--config", config, *arguments], input=given, capture_output=True, check=False
        )
        if ran.returncode and not command.endswith("-check"):
            raise SystemExit(f"{command}: {ran.stderr.decode()[-3000:]}")
        return ran

    def _written(self, name: str, settings: dict[str, Any]) -> Path:
        path = self._home / f"{name}.json"
        path.write_text(json.dumps(settings))
        return path

    def _phase(self, name: str, job: Any) -> None:  # noqa: ANN401 - whatever it returns
        first = self._recorded()
        job()
        self.phases.append({"name": name, "first": first, "end": self._recorded()})
        print(f"recorded: {name}", file=sys.stderr, flush=True)

    def _recorded(self) -> int:
        return sum(len(file.read_bytes().splitlines()) for file in self._folder.glob("*.jsonl"))


def retention() -> Iterator[tuple[str, dict[str, int]]]:
    """What meltano.yml, of the recorded commit, sets for prod, by target."""
    environments = yaml.safe_load(Path("meltano.yml").read_text())["environments"]
    [prod] = [one for one in environments if one["name"] == "prod"]
    for target in prod["config"]["plugins"]["loaders"]:
        days = {key: value for key, value in target["config"].items() if key.endswith("_retention_days")}
        yield target["name"], days


def schema() -> dict[str, Any]:
    from tap_zendesk_cityblock.columns import load_schema  # noqa: PLC0415 - of the recorded commit

    return {"type": "SCHEMA", "stream": "ticket", "schema": load_schema("ticket"), "key_properties": ["id"]}


def sizes(client: bigquery.Client) -> Iterator[tuple[str, dict[str, float]]]:
    """Average bytes of each column by table (`dataset.table`), by BigQuery's rules. Tables without rows are left out."""
    for dataset in client.list_datasets():
        for item in client.list_tables(dataset.dataset_id):
            if item.table_type != "TABLE":
                continue
            table = client.get_table(item.reference)
            rows = list(client.list_rows(table, max_results=MEASURED_ROWS))
            if rows:
                yield (
                    f"{item.dataset_id}.{item.table_id}",
                    {
                        field.name: sum(size_of(field, row[field.name]) for row in rows) / len(rows)
                        for field in table.schema
                    },
                )


def size_of(field: bigquery.SchemaField, value: Any) -> int:  # noqa: ANN401 - whatever a column holds
    """Logical bytes of a value; NULL has none."""
    if value is None:
        return 0
    if isinstance(value, list) and field.mode == "REPEATED":
        return sum(_size_of_one(field, one) for one in value)
    return _size_of_one(field, value)


def _size_of_one(field: bigquery.SchemaField, value: Any) -> int:  # noqa: ANN401 - whatever a column holds
    if value is None:
        return 0
    if field.field_type in ("RECORD", "STRUCT"):
        return sum(size_of(part, value.get(part.name)) for part in field.fields)
    if field.field_type == "JSON":
        text = (
            value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        )
        return len(text.encode())
    if field.field_type == "STRING":
        return 2 + len(value.encode())
    return FIXED[field.field_type]


def main(folder: Path) -> None:
    """The command."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json*"):
        old.unlink()
    os.environ["BIGQUERY_RECORDING"] = str(folder.resolve())
    with tempfile.TemporaryDirectory() as home, sandbox(Addresses.free(), Path(home), SIZE) as servers:
        recorder = Recorder(servers, Path(home), folder)
        recorder.record()
        (folder / "phases.json").write_text(json.dumps(recorder.phases, indent=1))
        measured = dict(sizes(servers.warehouse))
        (folder / "sizes.json").write_text(json.dumps(measured, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
