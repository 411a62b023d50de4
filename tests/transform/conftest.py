import dataclasses
import json
from collections import defaultdict
from pathlib import Path

import pytest
from cityblock_singer import schema_drift
from google.cloud.bigquery import LoadJobConfig, SchemaField
from tap_zendesk_cityblock.columns import load_schema
from tap_zendesk_cityblock.models import MODELS
from tap_zendesk_cityblock.state.export_metadata import ExportMetadataStream

from sandbox.addresses import PROJECT
from tests.dbt_runs import Dbt
from tests.servers import new_dataset

ROOT = Path(__file__).parents[2]


@dataclasses.dataclass(frozen=True)
class Views:
    """A dataset that the loader writes to and dbt builds views in."""

    client: object
    dataset: str
    bigquery_url: str
    home: Path
    commands: object
    dbt_runs: Dbt
    options: tuple = ()
    """Of each command of dbt."""

    def load(self, stream, *rows, schema=None, key=("id",)):
        """Appends rows as the loader does."""
        self.send(messages(stream, rows, schema or load_schema(stream), key))

    def load_all(self, rows):
        """Of several tables, `{table: rows}`, in one run of the loader."""
        self.send([one for table, its in rows.items() for one in messages(table, its, *schema_of(table))])

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
        self.commands.run(
            "target-bigquery", "--config", config, given=lines.encode(), timeout=300
        ).check_returncode()

    def dbt(self, *arguments):
        environment = {"BIGQUERY_EMULATOR_HOST": self.bigquery_url, "DBT_BIGQUERY_OPT_IN_VIEWS": "true"}
        return self.dbt_runs.run(
            *arguments, *self.options, dataset=self.dataset, target=self.home / "dbt", environment=environment
        )

    def build(self, *models, arguments=()):
        """The models and those that they read."""
        selected = ["--select", *(f"+{model.removeprefix('+')}" for model in models)] if models else []
        done = self.dbt("run", *selected, *arguments)
        assert done.returncode == 0, done.stdout[-3000:]

    def rows(self, view, order="id", where="true"):
        sql = f"SELECT * FROM {self.dataset}.{view} WHERE {where} ORDER BY {order}"
        return [dict(row) for row in self.client.query_and_wait(sql)]


MONDAY, TUESDAY, WEDNESDAY = (
    "2026-11-23T23:50:00+00:00",
    "2026-11-24T10:00:00+00:00",
    "2026-11-25T10:00:00+00:00",
)


def exported(export_id, moment, **fields):
    return {"_export_id": export_id, "_exported_at": moment, **fields}


def ended(model, export_id, day, moment, status="complete"):
    """A row of EXPORT_METADATA."""
    return {
        "table_name": model,
        "bq_inserted_at": moment,
        "export_id": export_id,
        "export_status": status,
        "export_count": 1,
        "bq_partition": day,
    }


def finish(views, *export):
    views.load_all({"EXPORT_METADATA": [ended(*export)]})


def schema_of(table):
    """With the names of its key."""
    if table == "EXPORT_METADATA":
        return ExportMetadataStream.schema, ("export_id", "bq_inserted_at")
    if table == "SCHEMA_DRIFT":
        return schema_drift.SCHEMA, schema_drift.KEY
    return load_schema(table), (MODELS[table].key,)


def messages(stream, rows, schema, key=("id",)):
    yield {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": list(key)}
    yield from ({"type": "RECORD", "stream": stream, "record": row} for row in rows)


@pytest.fixture
def views(warehouse, commands, dbt_runs, tmp_path):
    """Of a dataset whose name is always the same, because dbt reads the whole project again for another one."""
    with new_dataset(warehouse.client, "test_views") as dataset:
        yield Views(warehouse.client, dataset, warehouse.addresses.bigquery_url, tmp_path, commands, dbt_runs)


INTERNAL = {
    "member": [{"id": "M1"}, {"id": "M3"}, {"id": "M5"}],
    "user": [
        {"id": "U1", "email": "Ann@X.example"},
        {"id": "U2", "email": "twin@x.example"},
        {"id": "U3", "email": "TWIN@x.example"},
    ],
}
"""Rows of the internal tables that users are matched with."""
GIVEN = defaultdict(list)
"""Rows by table, in the order in which they are loaded."""


def given(table, *rows):
    """Rows for `built`. A run of dbt takes ten seconds, so tests share it; each has keys, or a model, of its own."""
    GIVEN[table] += rows


@pytest.fixture(scope="session")
def built(warehouse, commands, dbt_runs, tmp_path_factory):
    """The views of all rows that the test modules give."""
    with new_dataset(warehouse.client) as dataset, new_dataset(warehouse.client) as internal:
        for table, rows in INTERNAL.items():
            config = LoadJobConfig(schema=[SchemaField(name, "STRING") for name in rows[0]])
            warehouse.client.load_table_from_json(rows, f"{internal}.{table}", job_config=config).result()
        home = tmp_path_factory.mktemp("built")
        options = ("--vars", f"internal_dataset: {internal}")
        url = warehouse.addresses.bigquery_url
        views = Views(warehouse.client, dataset, url, home, commands, dbt_runs, options)
        views.load_all(GIVEN)
        models = [f"{table}_latest" for table in GIVEN]
        names = [*models, "REJECTED_RECORD_latest", "ticket_custom_field_latest", "zendesk_user_directory"]
        views.build(*names)
        yield views
