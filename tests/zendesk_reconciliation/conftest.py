import dataclasses
import json
import os
import shlex
from pathlib import Path

import pytest
import requests
from local_pubsub.clients import clients

from sandbox.addresses import PROJECT, TOPIC_PROJECT, Addresses
from sandbox.servers import Size, zendesk_server
from tests.servers import new_dataset
from tests.transform.conftest import Views

VIEWS = ("ticket_latest", "user_latest", "organization_latest", "group_latest")
MODELS = ["ticket", "user", "organization"]
DIRECTORY = """
CREATE OR REPLACE VIEW {0}.zendesk_user_directory AS
SELECT DISTINCT id AS zendesk_user_id, CAST(id AS STRING) AS internal_id, 'user' AS kind FROM {0}.user
"""


@dataclasses.dataclass
class Here:
    """This project's commands on an account, two datasets and a topic."""

    commands: object
    views: Views
    messages_dataset: str
    zendesk_url: str
    settings: dict
    home: Path

    def run(self, command, *arguments, given="", **more):
        config = self.home / f"{command}.json"
        config.write_text(json.dumps({**self.settings[command.removesuffix("-reload-rejected")], **more}))
        environment = {name: its for name, its in os.environ.items() if not name.endswith("_EMULATOR_HOST")}
        return self.commands.run(
            command, "--config", config, *arguments, given=given.encode(), env=environment, timeout=300
        )

    def reconcile(self, *arguments, **more):
        return self.run("zendesk-reconciliation", *arguments, **more)

    def pipe(self, target, models, **more):
        """A run of the tap into that target, on from the last one's state unless it has a start."""
        state = self.home / f"{target}.state"
        options = ["--state", state] if state.exists() else []
        read = self.run("tap-zendesk-cityblock", *options, **{"incremental_models": models, **more})
        assert read.returncode == 0, read.stderr[-3000:]
        written = self.run(target, given=read.stdout)
        assert written.returncode == 0, written.stderr[-3000:]
        state.write_text(written.stdout.splitlines()[-1])

    def export(self):
        self.pipe("target-bigquery", MODELS)
        self.build()

    def build(self):
        self.views.build(*VIEWS)

    def publish(self, **more):
        self.pipe("target-zendesk-pubsub", ["ticket"], **{"bulk_models": [], **more})

    def repair(self, lines):
        """What the lines do, by the same commands as Meltano's plugins, which would start for ten seconds each.

        dbt runs once after all exports, not after each.
        """
        for line in lines:
            self._repair(line)
        self.build()

    def _repair(self, line):
        words = shlex.split(line)
        prefix = "TAP_ZENDESK_CITYBLOCK_"
        given = dict(word.removeprefix(prefix).split("=", 1) for word in words if word.startswith(prefix))
        settings = {
            name.lower(): its if name == "START_TIME" else json.loads(its) for name, its in given.items()
        }
        meltano, environment, verb, *named = words[len(given) :]
        assert (meltano, environment) == ("meltano", "--environment=local")
        match verb, *named:
            case "run", "tap-to-bigquery":
                self.pipe("target-bigquery", [], **settings)
            case "run", "tap-to-pubsub":
                self.publish(**settings)
            case "invoke", "dbt-bigquery:rebuild", *more:
                done = self.views.dbt("run", "--full-refresh", *more)
                assert done.returncode == 0, done.stdout[-3000:]
            case "invoke", "target-bigquery:reload-rejected":
                done = self.run("target-bigquery-reload-rejected")
                assert done.returncode == 0, done.stderr[-3000:]
            case _:
                raise AssertionError(line)

    def sql(self, text):
        return [tuple(row) for row in self.views.client.query_and_wait(text)]

    def zendesk(self, method, path, body=None):
        answer = requests.request(method, f"{self.zendesk_url}/_sandbox/{path}", json=body, timeout=60)
        answer.raise_for_status()
        return [json.loads(line) for line in answer.content.splitlines()]


@pytest.fixture(scope="module")
def zendesk_url(tmp_path_factory):
    """So small an account that a sample has all of its tickets."""
    addresses = Addresses.free()
    with zendesk_server(addresses, tmp_path_factory.mktemp("zendesk"), Size(tickets=90, users=40)):
        yield addresses.zendesk_url


@pytest.fixture(scope="module")
def topic(pubsub):
    with clients(pubsub.host) as (publisher, _):
        name = publisher.topic_path(TOPIC_PROJECT, "reconciled")
        publisher.create_topic(name=name)
        yield name.rpartition("/")[2]
        publisher.delete_topic(topic=name)


@pytest.fixture(scope="module")
def here(tmp_path_factory, commands, dbt_runs, warehouse, zendesk_url, pubsub, topic):
    """With everything exported and published."""
    home = tmp_path_factory.mktemp("here")
    # The name under which dbt has read the project before, as for other tests.
    with new_dataset(warehouse.client, "test_views") as dataset, new_dataset(warehouse.client) as messages:
        url = warehouse.addresses.bigquery_url
        views = Views(warehouse.client, dataset, url, home, commands, dbt_runs)
        made = Here(
            commands,
            views,
            messages,
            zendesk_url,
            settings(dataset, messages, url, zendesk_url, pubsub, topic),
            home,
        )
        limits = ("account", "incremental-exports", "incremental-exports-cursor")
        made.zendesk("PUT", "limits", {name: {"total": 10**6} for name in limits})
        made.export()
        made.sql(DIRECTORY.format(dataset))
        made.publish()
        yield made


def settings(dataset, messages_dataset, bigquery_url, zendesk_url, pubsub, topic):
    """By command."""
    google = {
        "environment": "local",
        "project": PROJECT,
        "dataset": dataset,
        "bigquery_emulator_host": bigquery_url,
        "timeout": 120,
    }
    account = {
        "environment": "local",
        "subdomain": "cityblock-local",
        "base_url": zendesk_url,
        "client_id": "sandbox",
        "client_secret": "sandbox-secret",
    }
    return {
        "tap-zendesk-cityblock": {**account, "bulk_models": ["group"]},
        "target-bigquery": google,
        "target-zendesk-pubsub": {
            **google,
            "messages_dataset": messages_dataset,
            "topic_project": TOPIC_PROJECT,
            "topic": topic,
            "pubsub_emulator_host": pubsub.host,
        },
        "zendesk-reconciliation": {**google, **account, "messages_dataset": messages_dataset},
    }
