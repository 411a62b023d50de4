"""The image's recipe (deploy/image/build), run as the CronJobs run it: by an unprivileged user, in their
environment, and with write access only where the image intends it.
"""

import dataclasses
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest
import requests
import yaml
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from sandbox.addresses import PROJECT as PROJECT_ID
from sandbox.addresses import Addresses
from sandbox.comparison import compare, compare_messages
from sandbox.servers import Sandbox, Size, sandbox
from tests.deploy.environments import KUBERNETES, PROJECT, cronjob_env, dockerfile_env

pytestmark = [pytest.mark.processes, pytest.mark.own_verb]

PREFIX = PROJECT / ".venvs" / "image"
RUN = PREFIX / ".meltano" / "run"
JOBS = ("tap-to-bigquery", "tap-to-pubsub")
USER_ID = "65532"
STATE_BUCKET = "zendesk_meltano_state_local"
AS_USER = (
    *("setpriv", f"--reuid={USER_ID}", f"--regid={USER_ID}", "--clear-groups", "--no-new-privs"),
    # May read everything (a checkout and an interpreter in somebody's home), and write none of it.
    *("--inh-caps=-all,+dac_read_search", "--ambient-caps=+dac_read_search"),
)


@dataclasses.dataclass(frozen=True)
class Container:
    """The prefix as the image's root; `tmp` is its /tmp."""

    sandbox: Sandbox
    tmp: Path

    def environment(self):
        """What the Dockerfile and the staging CronJobs set, with the sandbox for staging and `tmp` for /tmp."""
        given = {**dockerfile_env(), **cronjob_env("staging")}
        paths = {"/project": str(PREFIX), "/tmp": str(self.tmp), "/secrets": str(self.tmp / "secrets")}  # noqa: S108
        here = {
            name: re.sub(r"(?<![\w/])/(project|tmp|secrets)\b", lambda found: paths[found[0]], value)
            for name, value in given.items()
        }
        here["MELTANO_DATABASE_URI"] = f"sqlite:///{self.tmp / 'meltano.db'}"
        here["MELTANO_STATE_BACKEND_URI"] = f"gs://{STATE_BUCKET}/meltano"
        here.pop("TARGET_ZENDESK_PUBSUB_PUBSUB_ENDPOINT")  # Google's
        # The sandbox's own credentials stand in meltano.yml; without them the file is what logs in, as in staging.
        no_credentials = dict.fromkeys(
            ("TAP_ZENDESK_CITYBLOCK_CLIENT_ID", "TAP_ZENDESK_CITYBLOCK_CLIENT_SECRET"), ""
        )
        return {
            **here,
            **no_credentials,
            **self.sandbox.addresses.environment(),
            "MELTANO_ENVIRONMENT": "local",
            "TMPDIR": str(self.tmp),
        }

    def command(self, *arguments):
        return [*(AS_USER if os.geteuid() == 0 else ()), "meltano", *arguments]

    def meltano(self, *arguments, **env):
        return subprocess.run(
            self.command(*arguments),
            cwd=PREFIX,
            env={**self.environment(), **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )


def written_since(start):
    """Files below the prefix, or anybody's places for temporary files, that are newer than `start`."""
    places = [str(place) for place in (PREFIX, "/tmp", "/var/tmp", "/dev/shm") if Path(place).is_dir()]  # noqa: S108
    whose = ("-uid", USER_ID if os.geteuid() == 0 else str(os.geteuid()))
    if os.geteuid():  # others of the same user write to the shared places, too
        places = [str(PREFIX)]
    found = subprocess.run(
        ["find", *places, *whose, "-newer", start, "-print0"], capture_output=True, text=True, check=False
    )
    return {Path(path) for path in found.stdout.split("\0") if path}


@pytest.fixture(scope="module")
def prefix():
    """Read-only, whoever runs the tests."""
    if subprocess.run(["make", "-q", ".venvs/image/.ready"], cwd=PROJECT, check=False).returncode:
        pytest.skip("the image's contents are not built, or not up to date: `make test-image` does both")
    folders = [Path(parent) for parent, _, _ in os.walk(PREFIX) if Path(parent) != RUN]
    if os.geteuid():
        for folder in folders:
            folder.chmod(0o555)
    shutil.rmtree(RUN, ignore_errors=True) if os.geteuid() == 0 else None
    RUN.mkdir(exist_ok=True)
    RUN.chmod(0o1777)
    yield PREFIX
    if os.geteuid():
        for folder in folders:
            folder.chmod(0o755)


@pytest.fixture(scope="module")
def container(prefix, tmp_path_factory):
    tmp = Path(f"/tmp/zendesk-image-{os.getpid()}")  # noqa: S108 - pytest's own folders are closed to others
    secret = tmp / "secrets" / "zendesk" / "credentials.json"
    secret.parent.mkdir(parents=True)
    secret.write_text(json.dumps({"client_id": "sandbox", "client_secret": "sandbox-secret"}))
    tmp.chmod(0o1777)
    with sandbox(
        Addresses.free(), tmp_path_factory.mktemp("sandbox"), Size(tickets=300, users=80)
    ) as servers:
        client = storage.Client(
            PROJECT_ID,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": servers.addresses.gcs_url},
        )
        client.create_bucket(STATE_BUCKET)
        yield Container(servers, tmp)
    shutil.rmtree(tmp)


@pytest.fixture(scope="module")
def ran(container):
    """Both jobs, one after the other, with the arguments that their CronJobs give."""
    cronjobs = yaml.safe_load_all((KUBERNETES / "base" / "cronjobs.yaml").read_text())
    arguments = {
        job["metadata"]["name"]: job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0][
            "args"
        ]
        for job in cronjobs
    }
    return {job: container.meltano(*arguments[job]) for job in JOBS}


@pytest.mark.parametrize("job", JOBS)
def test_a_job_of_the_image_ends_well(ran, job):
    assert ran[job].returncode == 0, ran[job].stderr[-5000:]


def test_dbt_finds_the_project_parsed(container):
    done = container.meltano("invoke", "dbt-bigquery", "parse", MELTANO_ENVIRONMENT="staging")
    assert done.returncode == 0, done.stdout[-3000:]
    assert "partial pars" not in done.stdout + done.stderr  # it says why it parses everything


def test_the_views_say_what_zendesk_says(container, ran):
    url, warehouse = container.sandbox.addresses.zendesk_url, container.sandbox.warehouse
    compared = [compare(url, warehouse, "zendesk", model) for model in ("ticket", "user", "group")]
    assert [comparison.model for comparison in compared if not comparison.equal] == []
    assert sum(comparison.rows for comparison in compared) > 300


def test_the_messages_say_what_zendesk_says(container, ran):
    compared = compare_messages(container.sandbox.addresses.zendesk_url, container.sandbox.warehouse)
    assert compared.rows > 200
    assert (compared.surplus, compared.different) == (set(), set())


def test_cursors_are_kept_in_the_bucket(container, ran):
    """Not in Meltano's database, which ends with the container."""
    kept = container.meltano("state", "list")
    assert "local:tap-zendesk-cityblock-to-target-bigquery" in kept.stdout, kept.stderr
    assert "local:tap-zendesk-cityblock-tickets-to-target-zendesk-pubsub" in kept.stdout


def test_nothing_is_written_but_where_it_is_meant_to_be(container, ran):
    written = written_since(container.tmp / "secrets")
    assert any(RUN in path.parents for path in written)
    strayed = {
        path
        for path in written
        if not {container.tmp, RUN} & {path, *path.parents} and path != PREFIX / ".ready"
    }
    assert strayed == set()


def test_a_pod_that_is_terminated_keeps_what_it_has_loaded(container, ran, tmp_path):
    """SIGTERM to the container's one process, as Kubernetes sends it; the next run goes on at that page."""
    zendesk, path = container.sandbox.addresses.zendesk_url, "/api/v2/incremental/tickets/cursor"
    job = ("--log-format", "json", "run", "tap-zendesk-cityblock", "target-bigquery")
    env = {
        "MELTANO_STATE_BACKEND_URI": f"gs://{STATE_BUCKET}/ended",
        "TAP_ZENDESK_CITYBLOCK_BULK_MODELS": "[]",
        "TAP_ZENDESK_CITYBLOCK_INCREMENTAL_MODELS": '["ticket"]',
        "TAP_ZENDESK_CITYBLOCK_PAGE_SIZE": "50",
        "TAP_ZENDESK_CITYBLOCK_FAST_FIRST_EXPORT": "false",
        "TARGET_BIGQUERY_CHECKPOINT_ROWS": "50",
    }

    def landed():
        sql = "SELECT COUNT(*) AS rows_there, COUNT(DISTINCT id) AS tickets FROM zendesk.ticket"
        return next(iter(container.sandbox.warehouse.query_and_wait(sql)))

    before = landed()
    fault = {"path": path, "kind": "slow", "after": 3, "delay": 60}
    requests.post(f"{zendesk}/_sandbox/faults", json=fault, timeout=30).raise_for_status()
    log = tmp_path / "log"
    with log.open("wb") as output:
        running = subprocess.Popen(
            container.command(*job), cwd=PREFIX, env={**container.environment(), **env}, stderr=output
        )
    deadline = time.monotonic() + 300
    while log.read_text().count("Incremental state has been updated") < 3:
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)  # polls what another process does
    running.terminate()
    assert running.wait(120) == 128 + signal.SIGTERM
    kept = landed().rows_there - before.rows_there
    assert kept == 150

    requests.delete(f"{zendesk}/_sandbox/faults", timeout=30)
    assert container.meltano(*job, **env).returncode == 0
    assert landed().rows_there - before.rows_there == before.tickets


def test_every_line_of_a_job_is_a_json_object(ran):
    for job in JOBS:
        assert all(isinstance(json.loads(line), dict) for line in ran[job].stderr.splitlines())


def test_nothing_that_only_builds_is_inside(prefix):
    names = {"uv", "uvx", "pip", "gcc", "cc", "tests", "sandbox", "benchmarks", ".git", ".env"}
    found = {
        str(path.relative_to(prefix))
        for path in [*prefix.iterdir(), *prefix.glob("**/venv/bin/*"), *prefix.glob(".venvs/*/bin/*")]
        if path.name in names
    }
    assert found == set()


def test_everybody_may_read_what_is_inside(prefix):
    """The container's user owns none of it."""
    closed = [
        path
        for parent, _, files in os.walk(prefix)
        for path in (Path(parent), *(Path(parent, file) for file in files))
        if not path.is_symlink() and RUN not in path.parents and not path.stat().st_mode & stat.S_IROTH
    ]
    assert closed == []


def test_bytecode_is_there_and_is_never_checked(prefix):
    """Flags of a .pyc file: 1 is "by hash", and without 2 its source is never looked at."""
    compiled = [
        *prefix.glob("t*-*/*/__pycache__/*.pyc"),
        *prefix.glob(".venvs/meltano/lib/*/site-packages/meltano/__pycache__/*.pyc"),
    ]
    assert len(compiled) > 30
    assert {int.from_bytes(path.read_bytes()[4:8], "little") for path in compiled} == {1}


def test_the_stage_with_the_page_writes_it_as_its_cronjob_does(container, ran):
    """The stage is this one and an environment more."""
    for added in (PREFIX / "docs", PREFIX / ".venvs" / "page"):
        shutil.rmtree(added, ignore_errors=True)
    subprocess.run([PROJECT / "deploy" / "image" / "build-page", PREFIX], check=True)
    [patched] = yaml.safe_load_all((KUBERNETES / "page" / "cronjob.yaml").read_text())
    [pod] = patched["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    page = container.tmp / "operations.html"
    arguments = [one.replace("gs://$(PAGE_BUCKET)/operations.html", str(page)) for one in pod["args"]]
    written = container.meltano(*arguments)
    assert written.returncode == 0, written.stderr
    assert "</html>" in page.read_text()


@pytest.mark.processes
def test_the_docker_context_holds_what_the_recipe_copies_and_no_more():
    lines = (PROJECT / ".dockerignore").read_text().splitlines()
    allowed = {line[1:] for line in lines if line.startswith("!")}
    assert allowed == {
        "LICENSE",
        "meltano.yml",
        "constraints",
        "deploy/image/build",
        "deploy/image/build-page",
        "docs/runbook.md",
        "operations-page",
        "scripts/saved_state.py",
        "scripts/uv",
        "cityblock-singer",
        "tap-zendesk-cityblock",
        "target-bigquery",
        "target-zendesk-pubsub",
        "transform",
        "zendesk-erasure",
        "zendesk-reconciliation",
    }
    assert "*" in lines
    recipes = {path for path in allowed if path.startswith("deploy/image/")}
    text = "".join((PROJECT / path).read_text() for path in recipes)
    assert [path for path in allowed - recipes if path not in text] == []
