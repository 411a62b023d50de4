"""Texts that are put into Zendesk, exported, published, removed in Zendesk, exported and swept: nothing here has them still."""

import contextlib
import gzip
import json
import os
import subprocess
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sandbox.addresses import BUCKET, PROJECT, TOPIC_PROJECT, Addresses
from sandbox.comparison import compare
from sandbox.listen import listen
from sandbox.servers import Size, zendesk_server
from tests.fault_proxy import Fault, FaultProxy
from tests.servers import new_dataset
from tests.target_zendesk_pubsub.conftest import commons  # noqa: F401 - a fixture
from tests.transform.conftest import Views
from tests.zendesk_erasure.canaries import (
    COMMENT,
    EARLY,
    ERASED,
    LATE,
    ORGANIZATION,
    PRIVATE,
    SCRUBBED,
    SHOWN,
    TALK,
    USER,
    Account,
)

ROOT = Path(__file__).parents[2]
MELTANO = ROOT / ".venvs" / "meltano" / "bin" / "meltano"
OF_EVENTS = ["ticket_event", "ticket_comment", "ticket_attachment", "ticket_field_history"]
PEOPLE = ["user", "user_identity", "organization"]
MODELS = ["ticket", *PEOPLE, *OF_EVENTS, "chat", "side_conversation", "side_conversation_event"]
LATEST = [f"{model}_latest" for model in (*MODELS, "ticket_custom_field")]
HISTORIES = ["ticket_history", "user_history"]
DIRECTORY = """
CREATE OR REPLACE VIEW {0}.zendesk_user_directory AS
SELECT DISTINCT id AS zendesk_user_id, CAST(id AS STRING) AS internal_id, 'user' AS kind FROM {0}.user
"""


@pytest.fixture
def dataset(warehouse):
    """Always the same, because dbt reads the whole project again for another one."""
    with new_dataset(warehouse.client, "test_views") as name:
        yield name


@pytest.fixture
def zendesk(tmp_path_factory):
    """A very small account."""
    addresses = Addresses.free()
    with zendesk_server(addresses, tmp_path_factory.mktemp("zendesk"), Size(tickets=20, users=12)):
        account = Account(addresses.zendesk_url)
        account.fill()
        yield account


class Here:
    """Runs the commands of this project; what they log and leave goes into one folder."""

    def __init__(self, settings, folder, commands, bigquery_url):
        self.settings, self.folder, self.commands, self.bigquery_url = (
            settings,
            folder,
            commands,
            bigquery_url,
        )
        self.environment = {
            **os.environ,
            **{
                f"{plugin.upper().replace('-', '_')}_{name.upper()}": value
                if isinstance(value, str)
                else json.dumps(value)
                for plugin, its in settings.items()
                for name, value in its.items()
            },
            "MELTANO_SYS_DIR_ROOT": str(folder / ".meltano"),
            "TMPDIR": str(folder),
        }
        (folder / ".meltano" / "run").mkdir(parents=True, mode=0o700)
        for name in ("extractors", "loaders", "utilities"):
            (folder / ".meltano" / name).symlink_to(ROOT / ".meltano" / name)

    def meltano(self, *arguments):
        done = subprocess.run(
            [MELTANO, *arguments],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        self._log(done)
        return done.stdout

    def run(self, command, *arguments, given="", **more):
        config = self.folder.with_name(f"{command}.json")
        config.write_text(json.dumps({**self.settings[command], **more}))
        line = (command, *arguments, "--config", config)
        done = self.commands.run(*line, given=given.encode(), env=self.environment, timeout=600)
        assert done.returncode == 0, done.stderr[-3000:]
        self._log(done)
        return done.stdout

    def _log(self, done):
        with (self.folder / "log").open("a") as log:
            log.write(done.stderr)

    def read(self, models):
        return self.run("tap-zendesk-cityblock", incremental_models=models)

    @contextlib.contextmanager
    def live(self):
        """Both jobs have read all of Zendesk and are about to write, which they do when the block has ended."""
        given = {
            "target-bigquery": (self.read(MODELS), "/jobs"),
            "target-zendesk-pubsub": (self.read(["ticket"]), "/upload/"),
        }
        with contextlib.ExitStack() as stack:
            pool, runs = stack.enter_context(ThreadPoolExecutor()), []
            proxies = [stack.enter_context(FaultProxy(self.bigquery_url)) for _ in given]
            for between, (target, (singer, written)) in zip(proxies, given.items(), strict=True):
                between.add(Fault("hold", written, times=1_000))
                runs.append(pool.submit(self.run, target, given=singer, bigquery_emulator_host=between.url))
            assert all(between.reached.wait(60) for between in proxies)
            yield
            for between in proxies:
                between.release()
            for one in runs:
                one.result()

    def files(self):
        """What is in the folder, without what Meltano has installed."""
        for folder, _, names in os.walk(self.folder):
            yield from (Path(folder) / name for name in names)


@pytest.fixture
def here(tmp_path, commands, warehouse, dataset, messages_dataset, zendesk, pubsub, commons):  # noqa: F811
    url = warehouse.addresses.bigquery_url
    google = {"project": PROJECT, "dataset": dataset, "bigquery_emulator_host": url, "timeout": 120}
    google["environment"] = "local"
    stage = {"bucket": BUCKET, "storage_emulator_host": warehouse.addresses.gcs_url}
    topic = {"topic_project": TOPIC_PROJECT, "topic": commons.topic.rpartition("/")[2]}
    tap = {"environment": "local", "subdomain": "cityblock-local", "base_url": zendesk.url}
    login = {"client_id": "sandbox", "client_secret": "sandbox-secret"}
    settings = {
        "tap-zendesk-cityblock": {
            **tap,
            **login,
            "bulk_models": ["ticket_field"],
            "incremental_models": MODELS,
        },
        "target-bigquery": {**google, **stage},
        "target-zendesk-pubsub": {
            **google,
            **topic,
            "messages_dataset": messages_dataset,
            "pubsub_emulator_host": pubsub.host,
        },
        "zendesk-erasure": {**google, **stage, "messages_dataset": messages_dataset, "staged_seconds": 0},
    }
    left = tmp_path / "left"
    left.mkdir()
    return Here(settings, left, commands, url)


@pytest.fixture
def views(warehouse, dataset, here, commands, dbt_runs):
    return Views(warehouse.client, dataset, warehouse.addresses.bigquery_url, here.folder, commands, dbt_runs)


@pytest.fixture
def found(warehouse, sql, dataset, messages_dataset):
    def search(*views, everywhere=False):
        """Canary → the tables and these views that have it anywhere in a row."""
        names = [
            f"{table.dataset_id}.{table.table_id}"
            for one in (dataset, messages_dataset)
            for table in warehouse.client.list_tables(one)
            if everywhere or table.table_type == "TABLE" or table.table_id in views
        ]
        rows = sql(
            " UNION ALL ".join(
                f"SELECT DISTINCT '{name}' AS name, canary FROM {name} AS t, "
                "UNNEST(REGEXP_EXTRACT_ALL(TO_JSON_STRING(t), r'canary-[a-z]+')) AS canary"
                for name in names
            )
        )
        tables = defaultdict(set)
        for name, canary in rows:
            tables[canary].add(name.partition(".")[2])
        return dict(tables)

    return search


def latest(found):
    """Of what was found, what views show."""
    shown = {canary: {name for name in names if name in LATEST} for canary, names in found.items()}
    return {canary: names for canary, names in shown.items() if names}


def test_what_zendesk_removes_no_view_shows_and_is_nowhere_after_a_sweep(
    here, zendesk, views, found, sql, warehouse, dataset, messages_dataset, commons, pubsub  # noqa: F811
):  # fmt: skip
    here.meltano("run", "tap-zendesk-cityblock", "target-bigquery")
    views.build(*LATEST)
    assert latest(found(*LATEST)) == SHOWN
    sql(DIRECTORY.format(dataset))
    zendesk.post("advance", hours=1)  # the same rows of the same time would be the same load job
    with here.live():
        erase = ("erase", "--ticket", zendesk.ids[ERASED], "--request", "case-1")
        here.run("zendesk-erasure", *erase, staged_seconds=3600)  # or the run would lose its staging files
        assert ERASED not in found()
    before = found()
    assert before.keys() == SHOWN.keys()
    assert {"ticket", "ticket_comment", "zendesk_ticket"} <= before[ERASED]  # brought back
    assert all("zendesk_ticket" in before[one] for one in (COMMENT, LATE, EARLY, SCRUBBED))
    tickets = len(zendesk.objects("ticket"))
    published = f"{messages_dataset}.zendesk_ticket WHERE data != ''"
    assert sql(f"SELECT COUNT(DISTINCT ticket_id) FROM {published}") == [(tickets,)]

    zendesk.remove()
    here.meltano("run", "tap-zendesk-cityblock", "target-bigquery")
    views.build(*LATEST, *HISTORIES)
    sql(DIRECTORY.format(dataset))
    after = found(*LATEST, *HISTORIES)
    assert latest(after) == {}
    assert "ticket_history" in after[SCRUBBED]
    assert "user_history" in after[USER]
    check_views(views, zendesk)
    here.run("target-zendesk-pubsub", given=here.read(["ticket"]))

    here.run("zendesk-erasure", "sweep", "--erase", "--request", "sweep-1")
    assert found(everywhere=True) == {ORGANIZATION: {"organization"}}  # Zendesk deletes none for good
    canaries = [canary.encode() for canary in SHOWN if canary != ORGANIZATION]
    bucket = (file for file in warehouse.bucket_folder.rglob("*.json.gz") if file.parts[-3] in MODELS)
    files = [*bucket, *here.files(), *(views.dbt_runs.home / "logs").rglob("*.log*")]
    assert {"log", "meltano.db", "dbt.log", "run_results.json"} <= {file.name for file in files}
    contents = {
        file: gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        for file in files
    }
    assert [
        (str(file), one) for file, content in contents.items() for one in canaries if one in content
    ] == []

    list(listen(pubsub.host, commons.subscription, None, 2, with_data=False))  # what was sent before
    here.run("target-zendesk-pubsub", given=here.read(["ticket"]))
    sent = list(listen(pubsub.host, commons.subscription, None, 2, with_data=True))
    assert not [canary for canary in SHOWN for message in sent if canary in message]
    erased = {ticket for (ticket,) in sql(f"SELECT ticket_id FROM {messages_dataset}.zendesk_ticket_erased")}
    assert {zendesk.ids[one] for one in (SCRUBBED, ERASED, TALK)} <= erased
    assert zendesk.ids[COMMENT] not in erased


def check_views(views, zendesk):
    """What is not removed stays, and rows say what was done."""
    comments = {row["ticket_id"]: row for row in reversed(views.rows("ticket_comment_latest"))}
    redacted, late, early, private = (
        comments[zendesk.ids[canary]] for canary in (COMMENT, LATE, EARLY, PRIVATE)
    )
    assert redacted["body"] == f"About a card and {'▇' * len(COMMENT)}"
    assert [row["body"] for row in (late, early)] == [None, None]
    assert [row["is_redacted"] for row in (redacted, late, early, private)] == [True, True, True, False]
    assert (private["body"], private["public"]) == (f"About a card and {PRIVATE}", False)
    hidden = {row["ticket_id"] for row in (late, early)}
    for model in OF_EVENTS:
        rows = views.rows(f"{model}_latest")
        states = {row["ticket_id"]: row["is_deleted"] for row in rows}
        expected = {zendesk.ids[SCRUBBED]: True, zendesk.ids[LATE]: True, zendesk.ids[COMMENT]: False}
        assert states.items() >= (expected.items() if model != OF_EVENTS[2] else {}.items()), model
        compared = compare(zendesk.url, views.client, views.dataset, model)
        assert compared.different <= {row["id"] for row in rows if row["ticket_id"] in hidden}, compared
        assert not compared.missing | compared.surplus, compared
