"""Loads the tricky rows into the sandbox's BigQuery as the product does, builds all views, and writes what it shows.

`python -m tests.googlesql.record_tricky_rows FOLDER` runs in the project's environment and records all statements. The
tests beside it, in their own environment, read FOLDER/tricky_rows.json. dbt builds its target prod, whose project the
sandbox's BigQuery then has; other tests record what it sends for its target local.
"""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from cityblock_singer.google.pipeline_runs import FIELDS
from google.cloud import bigquery
from target_zendesk_pubsub.join_errors import JoinErrors
from target_zendesk_pubsub.last_messages import LastMessages
from target_zendesk_pubsub.lookup import Lookup, selected
from target_zendesk_pubsub.published_log import PublishedLog, Selection
from target_zendesk_pubsub.rejected_records import RejectedRecords
from target_zendesk_pubsub.warehouse import Warehouse, encode_row
from zendesk_erasure import proof

from sandbox.addresses import DATASET, MESSAGES_DATASET, Addresses
from sandbox.bigquery import bigquery_server, connect
from tests.googlesql import tricky_rows
from tests.googlesql.plain_rows import content
from tests.googlesql.record_changes import changes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from target_zendesk_pubsub.warehouse import Table

ROOT = Path(__file__).parents[2]
PROFILES = yaml.safe_load((ROOT / "transform" / "profiles.yml").read_text())
TARGET = "prod"
PROJECT = PROFILES["zendesk"]["outputs"][TARGET]["project"]
DBT = ROOT / ".meltano" / "utilities" / "dbt-bigquery" / "venv" / "bin" / "dbt"
INTERNAL_DATASET = "internal"
VIEW = re.compile(
    r"create or replace view `[^`]+`\.`(?P<dataset>\w+)`\.`(?P<name>\w+)`\s.*?\bas (?P<query>.*?);?\s*$",
    re.IGNORECASE | re.DOTALL,
)
START = datetime(2026, 11, 24, tzinfo=UTC)


def main(folder: Path) -> None:
    os.environ["BIGQUERY_RECORDING"] = str(folder)
    addresses = Addresses.free()
    folder.mkdir(parents=True, exist_ok=True)
    known = set(folder.iterdir())
    with tempfile.TemporaryDirectory() as home, bigquery_server(addresses, Path(home)):
        client = connect(addresses.bigquery_url, PROJECT)
        client.create_dataset(DATASET)
        load(addresses.bigquery_url, Path(home))
        load_internal(client)
        load_pipeline_runs(client)
        client.create_table(bigquery.Table(f"{PROJECT}.{DATASET}.ERASURE", schema=proof.FIELDS))
        client.create_dataset(MESSAGES_DATASET)
        publisher = Publisher(client)
        publisher.append()
        dbt(addresses.bigquery_url, Path(home), "run")
        # Those of other models are recorded by tests/transform. They may find tricky rows wrong: only their SQL counts.
        dbt(addresses.bigquery_url, Path(home), "test", "--select", "path:models/opt_in", accepted=(0, 1))
        publisher.ask()
        publisher.queries += different(client)
        views, tables = {}, {}
        for dataset in (DATASET, MESSAGES_DATASET, INTERNAL_DATASET):
            for item in client.list_tables(dataset):
                name, table = f"{dataset}.{item.table_id}", client.get_table(item.reference)
                rows = client.query_and_wait(f"SELECT * FROM {name}")
                if table.view_query:
                    views[name] = content(rows.schema, rows)
                else:
                    tables[name] = content(table.schema, rows)
        changed = changes(client)
    [recording] = set(folder.iterdir()) - known
    for name, sql in created_views(recording.read_text().splitlines()):
        views[name]["sql"] = sql
    shown = {"tables": tables, "views": views, "queries": publisher.queries, "changes": changed}
    (folder / "tricky_rows.json").write_text(json.dumps(shown))


def different(client: bigquery.Client) -> list[dict[str, Any]]:
    """What a user of the sandbox may meet, and tricky rows do not: see differences.toml."""
    found = []
    for name, sql in tricky_rows.DIFFERENT.items():
        rows = client.query_and_wait(sql)
        found.append({"name": name, "sql": sql, "parameters": {}, **content(rows.schema, rows)})
    return found


def created_views(recording: list[str]) -> Iterator[tuple[str, str]]:
    """(name, query), as dbt wrote it: the sandbox's BigQuery writes it in its own words."""
    for line in recording:
        body = json.loads(line)["body"] or {}
        query = body.get("query") or body.get("configuration", {}).get("query")
        if query and (found := VIEW.search(query if isinstance(query, str) else query["query"])):
            yield f"{found['dataset']}.{found['name']}", found["query"]


def load_internal(client: bigquery.Client) -> None:
    client.create_dataset(INTERNAL_DATASET)
    for table, rows in tricky_rows.INTERNAL.items():
        schema = [bigquery.SchemaField(name, "STRING") for name in rows[0]]
        config = bigquery.LoadJobConfig(schema=schema)
        client.load_table_from_json(rows, f"{INTERNAL_DATASET}.{table}", job_config=config).result()


def load_pipeline_runs(client: bigquery.Client) -> None:
    config = bigquery.LoadJobConfig(schema=FIELDS)
    client.load_table_from_json(
        tricky_rows.pipeline_runs(), f"{DATASET}.PIPELINE_RUN", job_config=config
    ).result()


def load(url: str, home: Path) -> None:
    config = home / "loader.json"
    config.write_text(
        json.dumps(
            {
                "environment": "local",
                "project": PROJECT,
                "dataset": DATASET,
                "bigquery_emulator_host": url,
                "max_rejected_share": 1,
            }
        )
    )
    lines = "".join(json.dumps(message) + "\n" for message in tricky_rows.messages())
    loader = Path(sys.executable).with_name("target-bigquery")
    done = subprocess.run(
        [loader, "--config", config], input=lines, text=True, capture_output=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])


def dbt(url: str, home: Path, *arguments: str, accepted: tuple[int, ...] = (0,)) -> None:
    """With the views of opt-in models. The target is as in profiles.yml, but for its endpoint and how it signs in."""
    PROFILES["zendesk"]["outputs"][TARGET] |= {
        "method": "oauth-secrets",
        "token": "local",
        "api_endpoint": url,
    }
    (home / "profiles.yml").write_text(yaml.safe_dump(PROFILES))
    environment = {
        "DBT_TARGET_PATH": str(home / "dbt"),
        "DBT_BIGQUERY_OPT_IN_VIEWS": "true",
    }
    folder = str(ROOT / "transform")
    done = subprocess.run(
        [
            DBT,
            *arguments,
            "--vars",
            "{business_hours_since: 2026-10-01}",
            "--target",
            TARGET,
            "--project-dir",
            folder,
            "--profiles-dir",
            home,
            "--log-path",
            home / "logs",
        ],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in accepted:
        raise SystemExit(done.stdout[-3000:])


class Publisher:
    """The publisher's tables and queries. `queries`: those that were sent, with parameters and rows."""

    def __init__(self, client: bigquery.Client) -> None:
        self.queries: list[dict[str, Any]] = []
        self._warehouse = warehouse = Recorded(self.queries, client, 60, logging.getLogger("tricky rows"))
        directory, users = f"{DATASET}.zendesk_user_directory", f"{DATASET}.user_latest"
        self._log = PublishedLog(warehouse, MESSAGES_DATASET, "projects/p/topics/t", "run")
        self._join_errors = JoinErrors(warehouse, DATASET, directory, self._log, "run")
        self._last_messages = LastMessages(warehouse, MESSAGES_DATASET, self._log)
        self._lookup = Lookup(warehouse, directory, users, self._last_messages, self._join_errors)
        self._rejected = RejectedRecords(warehouse, DATASET, "run", 1.0)

    def append(self) -> None:
        for empty in (self._last_messages.table, self._join_errors.waiting, self._log.erased):
            self._warehouse.ensure(empty)
        for table, rows in {
            self._log.published: tricky_rows.published(),
            self._log.intents: tricky_rows.intents(),
            self._log.refused: tricky_rows.refused(),
            self._join_errors.table: tricky_rows.join_errors(),
            self._rejected.table: tricky_rows.rejected(),
        }.items():
            self._append(table, rows)
        self._join_errors.catch_up(None)
        self._last_messages.rebuild(START + timedelta(hours=2))

    def _append(self, table: Table, rows: list[dict[str, Any]]) -> None:
        self._warehouse.ensure(table)
        self._warehouse.append(table, map(encode_row, rows))

    def ask(self) -> None:
        """The queries of a run and of a replay."""
        ids = tricky_rows.TICKET_IDS
        self._look_up("lookup of a batch", ids, tricky_rows.USER_IDS)
        self._look_up("lookup of ids beyond 2^53", [tricky_rows.BIG], [tricky_rows.BIG])
        self._lookup.contents(ids)
        self._lookup.clocks(ids)
        self._lookup.count()
        self._rejected.prepare()
        day = Selection(START, START + timedelta(days=1), ())
        self._log.count(day)
        self._log.count(Selection(START, START, ids))
        for rows in (
            self._join_errors.resolvable(),
            self._log.pending(),
            self._log.read(day),
            self._rejected.read(),
        ):
            list(rows)

    def _look_up(self, what: str, tickets: Collection[int], users: Collection[int]) -> None:
        is_ticket, parameters = selected("ticket_id", tickets)
        is_user, more = selected("zendesk_user_id", users)
        sql = self._lookup._sql(is_ticket, is_user)  # noqa: SLF001 - it is asked with whole tickets
        list(self._warehouse.query(what, sql, {**parameters, **more}))


class Recorded(Warehouse):
    """Keeps the queries and their rows."""

    def __init__(self, queries: list[dict[str, Any]], *arguments: Any) -> None:
        super().__init__(*arguments)
        self._queries = queries

    def query(self, what: str, sql: str, parameters: Mapping[str, int | str]) -> Iterator[Any]:
        rows = self._ask(sql, parameters)
        self._queries.append(
            {"name": what, "sql": sql, "parameters": parameters, **content(rows.schema, rows)}
        )
        return super().query(what, sql, parameters)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
