"""Texts that are put into Zendesk, exported, published, removed in Zendesk, exported and swept: nothing here has them still."""

import contextlib
import gzip
import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from sandbox.addresses import BUCKET, PROJECT, TOPIC_PROJECT, Addresses
from sandbox.listen import listen
from sandbox.servers import Size, zendesk_server
from tests.fault_proxy import Fault, FaultProxy
from tests.target_zendesk_pubsub.conftest import commons  # noqa: F401 - a fixture
from tests.transform.conftest import Views

CARD, SCRUBBED, MEMBER, ERASED = "canary-card-4111", "canary-scrubbed", "canary-member", "canary-erased"
CANARIES = (CARD, SCRUBBED, MEMBER, ERASED)
MODELS = ["ticket", "user", "ticket_event", "ticket_comment"]
VIEWS = ("user_latest", "ticket_comment_latest", "ticket_history", "user_history")
DIRECTORY = """
CREATE OR REPLACE VIEW {0}.zendesk_user_directory AS
SELECT DISTINCT id AS zendesk_user_id, CAST(id AS STRING) AS internal_id, 'user' AS kind FROM {0}.user
"""


@pytest.fixture
def zendesk_url(tmp_path_factory):
    """A very small account."""
    addresses = Addresses.free()
    with zendesk_server(addresses, tmp_path_factory.mktemp("zendesk"), Size(tickets=20, users=12)):
        yield addresses.zendesk_url


@pytest.fixture
def zendesk(zendesk_url):
    """Asks the sandbox's account for something of its own."""

    def ask(method, path, body=None):
        answer = requests.request(method, f"{zendesk_url}/_sandbox/{path}", json=body, timeout=60)
        answer.raise_for_status()
        return [json.loads(line) for line in answer.content.splitlines()]

    ask(
        "PUT",
        "limits",
        {name: {"total": 10**6} for name in ("account", "incremental-exports", "incremental-exports-cursor")},
    )
    return ask


@pytest.fixture
def ids(zendesk):
    """Three tickets and a user with a canary each."""
    ticket, user = (
        max(one["id"] for one in zendesk("GET", f"objects/{model}")) for model in ("ticket", "user")
    )
    old = {"created_at": "2025-12-20T00:00:00Z", "updated_at": "2025-12-20T00:00:00Z"}
    zendesk(
        "PUT", "objects/user", [{"id": user + 1, "name": MEMBER, "email": f"{MEMBER}@mail.example", **old}]
    )
    texts = [CARD, SCRUBBED, ERASED]
    made = [
        {"id": ticket + 1 + n, "subject": f"About {text}" if text != CARD else "A card", "description": f"My {text}",
         "via": {"channel": "web"}, "support_type": "agent", **old}
        for n, text in enumerate(texts)
    ]  # fmt: skip
    zendesk("PUT", "objects/ticket", made)
    return {**{text: ticket + 1 + n for n, text in enumerate(texts)}, MEMBER: user + 1}


@pytest.fixture
def here(tmp_path, commands, dbt_runs, warehouse, dataset, messages_dataset, zendesk_url, pubsub, commons):  # noqa: F811
    """Runs the commands of this project on these datasets; what they log and leave goes into one folder."""
    google = {
        "environment": "local",
        "project": PROJECT,
        "dataset": dataset,
        "bigquery_emulator_host": warehouse.addresses.bigquery_url,
        "timeout": 120,
    }
    stage = {"bucket": BUCKET, "storage_emulator_host": warehouse.addresses.gcs_url}
    settings = {
        "tap-zendesk-cityblock": {
            "environment": "local",
            "subdomain": "cityblock-local",
            "base_url": zendesk_url,
            "client_id": "sandbox",
            "client_secret": "sandbox-secret",
            "bulk_models": [],
        },
        "target-bigquery": {**google, **stage},
        "target-zendesk-pubsub": {
            **google,
            "messages_dataset": messages_dataset,
            "topic_project": TOPIC_PROJECT,
            "topic": commons.topic.rpartition("/")[2],
            "pubsub_emulator_host": pubsub.host,
        },
        "zendesk-erasure": {**google, **stage, "messages_dataset": messages_dataset, "staged_seconds": 0},
    }
    left = tmp_path / "left"
    left.mkdir()

    class Here:
        views = Views(
            warehouse.client, dataset, warehouse.addresses.bigquery_url, tmp_path, commands, dbt_runs
        )
        folder = left

        def run(self, command, *arguments, given="", **more):
            config = tmp_path / f"{command}.json"
            config.write_text(json.dumps({**settings[command], **more}))
            done = commands.run(
                command,
                *arguments,
                "--config",
                config,
                given=given.encode(),
                env={**os.environ, "TMPDIR": str(left)},
                timeout=600,
            )
            assert done.returncode == 0, done.stderr[-3000:]
            with (left / "log").open("a") as log:
                log.write(done.stderr)
            return done.stdout

        def read(self, models, target, *, is_whole=False):
            """What the tap writes, on from the last STATE of that target."""
            state = tmp_path / f"{target}.state"
            options = ["--state", state] if state.exists() and not is_whole else []
            return self.run("tap-zendesk-cityblock", *options, incremental_models=models)

        def write(self, target, singer, **more):
            (tmp_path / f"{target}.state").write_text(self.run(target, given=singer, **more).splitlines()[-1])

        @contextlib.contextmanager
        def live(self):
            """Both jobs have read Zendesk and are about to write, which they do when the block has ended."""
            url = warehouse.addresses.bigquery_url
            given = {
                "target-bigquery": (self.read(MODELS, "target-bigquery", is_whole=True), "/jobs"),
                "target-zendesk-pubsub": (self.read(["ticket"], "target-zendesk-pubsub"), "/upload/"),
            }
            with contextlib.ExitStack() as stack:
                pool, runs = stack.enter_context(ThreadPoolExecutor()), []
                proxies = [stack.enter_context(FaultProxy(url)) for _ in given]
                for between, (target, (singer, written)) in zip(proxies, given.items(), strict=True):
                    between.add(Fault("hold", written, times=1_000))
                    runs.append(pool.submit(self.write, target, singer, bigquery_emulator_host=between.url))
                assert all(between.reached.wait(60) for between in proxies)
                yield
                for between in proxies:
                    between.release()
                for one in runs:
                    one.result()

        def publish(self):
            self.write("target-zendesk-pubsub", self.read(["ticket"], "target-zendesk-pubsub"))

        def export(self):
            self.write("target-bigquery", self.read(MODELS, "target-bigquery"))

    return Here()


def test_what_zendesk_removes_is_nowhere_after_a_sweep(
    here,
    ids,
    zendesk,
    hits,
    sql,
    warehouse,
    dataset,
    messages_dataset,
    commons,  # noqa: F811
    pubsub,
):
    both = (dataset, messages_dataset)
    here.export()
    here.views.build(*VIEWS)
    sql(DIRECTORY.format(dataset))
    zendesk("POST", "advance", {"hours": 1})  # the same rows of the same time would be the same load job
    with here.live():
        erase = ("erase", "--ticket", ids[ERASED], "--request", "case-1")
        here.run("zendesk-erasure", *erase, staged_seconds=3600)  # or the run would lose its staging files
        assert hits(ERASED, *both) == {}
    assert {"ticket", "ticket_comment", "zendesk_ticket"} <= set(hits(ERASED, *both))  # brought back
    for canary in CANARIES:
        assert hits(canary, *both), canary
    staged = list(warehouse.bucket_folder.rglob("*.json.gz"))
    assert any(CARD.encode() in gzip.decompress(file.read_bytes()) for file in staged)
    tickets = len(zendesk("GET", "objects/ticket"))
    others = f"FROM {dataset}.ticket WHERE id != {ids[ERASED]}"
    assert sql(f"SELECT COUNT(DISTINCT id), COUNTIF(subject IS NULL) {others}") == [(tickets - 1, 0)]
    published = f"{messages_dataset}.zendesk_ticket WHERE data != ''"
    assert sql(f"SELECT COUNT(DISTINCT ticket_id) FROM {published}") == [(tickets,)]

    zendesk("POST", "advance", {"hours": 2})  # what is removed at once would be older than the last cursor
    [comment] = [
        one["id"] for one in zendesk("GET", "objects/ticket_comment") if one["ticket_id"] == ids[CARD]
    ][:1]
    for removal in (
        {"kind": "redact_comment", "ticket_id": ids[CARD], "comment_id": comment, "text": CARD},
        {"kind": "scrub_ticket", "ticket_id": ids[SCRUBBED]},
        {"kind": "scrub_ticket", "ticket_id": ids[ERASED]},
        {"kind": "delete_user_permanently", "user_id": ids[MEMBER]},
    ):
        zendesk("POST", "removals", removal)
    zendesk("POST", "advance", {"hours": 1})
    here.export()
    here.publish()
    assert all(hits(canary, *both) for canary in CANARIES)

    here.run("zendesk-erasure", "sweep", "--erase", "--request", "nightly-1")
    assert {canary: hits(canary, *both) for canary in CANARIES} == {canary: {} for canary in CANARIES}
    kept = [file for file in warehouse.bucket_folder.rglob("*.json.gz") if file.parts[-3] in MODELS]
    files = [*kept, *(file for file in here.folder.rglob("*") if file.is_file())]
    contents = [
        gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes() for file in files
    ]
    assert not [canary for canary in CANARIES for content in contents if canary.encode() in content]

    list(listen(pubsub.host, commons.subscription, None, 2, with_data=False))  # what was sent before
    here.publish()
    sent = list(listen(pubsub.host, commons.subscription, None, 2, with_data=True))
    assert not [canary for canary in CANARIES for message in sent if canary in message]
    erased = sql(f"SELECT DISTINCT ticket_id FROM {messages_dataset}.zendesk_ticket_erased")
    assert {(ids[SCRUBBED],), (ids[ERASED],)} <= set(erased)  # and what the account has scrubbed itself
    assert (ids[CARD],) not in erased
