"""A small account, an empty warehouse and an empty topic for each example, on servers that stay up, behind proxies."""

from __future__ import annotations

import dataclasses
import itertools
import shutil
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import jinja2
from google.cloud.bigquery import LoadJobConfig, SchemaField

from sandbox import internal_directory
from sandbox.addresses import DATASET, MESSAGES_DATASET
from sandbox.pubsub import make_topic
from sandbox.zendesk.account import create
from sandbox.zendesk.history import put
from sandbox.zendesk.people import FIRST_USER
from sandbox.zendesk.store import Store
from tests.fault_proxy import FaultProxy
from tests.proof.pubsub_proxy import PubSubProxy
from tests.proof.served import Served
from tests.proof.world import UNLIMITED
from tests.servers import zendesk_simulator
from tests.transform.conftest import ROOT
from tests.transform.macros import latest_of_all, macros

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dbt_runs import Dbt

TICKETS, USERS = 9, 6
MODELS, LISTED = ("ticket", "user"), "group"
"""Of these, changes are exported; of the other, the whole list in every run."""
SPECS = {
    "ticket": {
        "key": "id",
        "clock": "generated_timestamp",
        "is_whole": "created_at is not null",
        "stub_columns": ["status", "updated_at", "generated_timestamp"],
    },
    "user": {
        "key": "id",
        "clock": "updated_at",
        "is_whole": "verified is not null or ifnull(permanently_deleted, false)",
        "stub_columns": ["active", "email", "name", "phone", "photo", "updated_at"],
    },
}
"""As in transform/models/current."""
DIRECTORY = jinja2.Template(
    (ROOT / "transform" / "models" / "people" / "zendesk_user_directory.sql").read_text()
)
EXPORTS = macros("exports.sql", run_started_at=datetime(9999, 12, 31, tzinfo=UTC))
UNKNOWN = FIRST_USER + 1
"""A member whom the internal directory lacks at first."""
DATASETS = (DATASET, MESSAGES_DATASET, internal_directory.DATASET)


@dataclasses.dataclass
class World(Served):
    """What jobs need of it is as in the rounds of tests/proof."""

    client: object
    pubsub_host: str
    proxies: dict[str, FaultProxy | PubSubProxy]
    home: Path
    dbt_runs: Dbt | None
    """None: the views are those of `create_views`, because a run of dbt costs as much as ten others."""
    zendesk_url: str = ""

    def knows(self, table, rows):
        """The internal directory has these, and no others, in this table."""
        config = LoadJobConfig(
            schema=[SchemaField(name, "STRING") for name in ("id", "email")[: 1 + (table == "user")]],
            write_disposition="WRITE_TRUNCATE",
        )
        name = f"{internal_directory.DATASET}.{table}"
        self.client.load_table_from_json(rows, name, job_config=config).result()

    def create_views(self):
        """What dbt's would show if every row ever exported were in them: tests/transform compares its own with these."""
        for model, spec in SPECS.items():
            self.client.query_and_wait(
                f"CREATE VIEW {DATASET}.{model}_latest AS {latest_of_all(f'{DATASET}.{model}', spec)}"
            )
        latest = EXPORTS.latest_exports(
            f"{DATASET}.EXPORT_METADATA", ["zendesk_time", "rows_export_id"], None
        )
        self.client.query_and_wait(f"""
            CREATE VIEW {DATASET}.{LISTED}_latest AS
            SELECT * FROM {DATASET}.{LISTED}
            WHERE _export_id = (SELECT rows_export_id FROM ({latest}) WHERE table_name = '{LISTED}')
            QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY updated_at DESC) = 1
        """)
        sql = DIRECTORY.render(
            ref=lambda name: f"{DATASET}.{name}",
            existing=lambda _, table: f"{internal_directory.DATASET}.{table}",
        )
        self.client.query_and_wait(f"CREATE VIEW {DATASET}.zendesk_user_directory AS {sql}")


class Worlds:
    """One after the other."""

    def __init__(self, client, pubsub_host, proxies, home, dbt_runs):
        self._given = (client, pubsub_host, proxies)
        self._home, self._dbt_runs = home, dbt_runs
        self._numbers = itertools.count()
        self._account = home / "account.sqlite"
        store = Store(self._account)
        create(store, seed=1, tickets=TICKETS, users=USERS)
        # Each has a text that no other row has, so that it can be looked for.
        put(store, "ticket", [{"id": n, "description": f"Text of ticket {n}."} for n in store.ids("ticket")])
        put(store, "user", [{"id": n, "name": f"Name of user {n}."} for n in store.ids("user")])
        store.close()

    @contextmanager
    def new(self):
        client, pubsub_host, proxies = self._given
        home = self._home / str(next(self._numbers))
        for folder in ("files", "dbt"):
            (home / folder).mkdir(parents=True)
        made = World(client, pubsub_host, proxies, home, self._dbt_runs)
        for dataset in DATASETS:
            client.delete_dataset(dataset, delete_contents=True, not_found_ok=True)
            client.create_dataset(dataset)
        with ExitStack() as stack:
            made.zendesk_url = stack.enter_context(
                zendesk_simulator(shutil.copy(self._account, home / "zendesk.sqlite"))
            )
            proxies["Zendesk"].upstream = made.zendesk_url.removeprefix("http://")
            made.zendesk("PUT", "limits", UNLIMITED)
            made.received()  # what the example before has left
            yield made
        shutil.rmtree(home)


@contextmanager
def worlds(warehouse, pubsub, home, dbt_runs):
    make_topic(pubsub.host)
    with ExitStack() as stack:
        urls = {
            "Zendesk": "http://127.0.0.1:1",  # each world has its own
            "BigQuery": warehouse.addresses.bigquery_url,
            "GCS": warehouse.addresses.gcs_url,
        }
        proxies = {name: stack.enter_context(FaultProxy(url)) for name, url in urls.items()}
        proxies["Pub/Sub"] = stack.enter_context(PubSubProxy(pubsub.host))
        yield Worlds(warehouse.client, pubsub.host, proxies, home, dbt_runs)
        for dataset in DATASETS:
            warehouse.client.delete_dataset(dataset, delete_contents=True, not_found_ok=True)
