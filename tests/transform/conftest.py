import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tap_zendesk_cityblock.columns import load_schema

from sandbox.addresses import PROJECT

ROOT = Path(__file__).parents[2]
DBT = ROOT / ".meltano" / "utilities" / "dbt-bigquery" / "venv" / "bin" / "dbt"
LOADER = Path(sys.executable).with_name("target-bigquery")


@dataclasses.dataclass(frozen=True)
class Views:
    """A dataset that the loader writes to and dbt builds views in."""

    client: object
    dataset: str
    bigquery_url: str
    home: Path

    def load(self, stream, *rows, schema=None, key=("id",)):
        """Appends rows as the loader does."""
        self.send(messages(stream, rows, schema or load_schema(stream), key))

    def load_all(self, rows):
        """Of several models, `{model: rows}`, in one run of the loader."""
        self.send([one for model, its in rows.items() for one in messages(model, its, load_schema(model))])

    def send(self, messages):
        config = self.home / "loader.json"
        config.write_text(
            json.dumps(
                {
                    "environment": "local",
                    "project": PROJECT,
                    "dataset": self.dataset,
                    "bigquery_emulator_host": self.bigquery_url,
                }
            )
        )
        lines = "".join(json.dumps(message) + "\n" for message in messages)
        subprocess.run(
            [LOADER, "--config", config], input=lines, text=True, capture_output=True, check=True, timeout=300
        )

    def dbt(self, *arguments):
        environment = {
            "BIGQUERY_EMULATOR_HOST": self.bigquery_url,
            "DBT_DATASET": self.dataset,
            "DBT_TARGET_PATH": str(self.home / "dbt"),
        }
        project = [
            "--project-dir",
            ROOT / "transform",
            "--profiles-dir",
            ROOT / "transform",
            "--log-path",
            self.home / "logs",
        ]
        return subprocess.run(
            [DBT, *arguments, *project],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

    def build(self, *models, arguments=()):
        """The models and those that they read."""
        selected = ["--select", *(f"+{model.removeprefix('+')}" for model in models)] if models else []
        done = self.dbt("run", *selected, *arguments)
        assert done.returncode == 0, done.stdout[-3000:]

    def rows(self, view, order="id"):
        return [
            dict(row)
            for row in self.client.query_and_wait(f"SELECT * FROM {self.dataset}.{view} ORDER BY {order}")
        ]


def messages(stream, rows, schema, key=("id",)):
    yield {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": list(key)}
    yield from ({"type": "RECORD", "stream": stream, "record": row} for row in rows)


@pytest.fixture
def views(warehouse, dataset, tmp_path):
    return Views(warehouse.client, dataset, warehouse.addresses.bigquery_url, tmp_path)


@pytest.fixture
def opt_in_views(monkeypatch):
    """Builds the views of opt-in models, too."""
    monkeypatch.setenv("DBT_BIGQUERY_OPT_IN_VIEWS", "true")
