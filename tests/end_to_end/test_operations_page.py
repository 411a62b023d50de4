"""A sick pipeline and its operations page: each problem is there, and the commands that the page names end it."""

import json
import re
import subprocess
from html.parser import HTMLParser

import pytest
import requests
from google.cloud import bigquery

from sandbox.internal_directory import resolve_users
from sandbox.servers import Size
from sandbox.zendesk import words
from tests.end_to_end.conftest import PROJECT
from tests.end_to_end.test_runbook import PREAMBLE

pytestmark = pytest.mark.own_verb

FEW = {
    "TAP_ZENDESK_CITYBLOCK_BULK_MODELS": '["brand", "group"]',
    "TAP_ZENDESK_CITYBLOCK_INCREMENTAL_MODELS": '["user"]',
    "TAP_ZENDESK_CITYBLOCK_SKIP_UNCHANGED": "false",
}
EXPORT = ("tap-zendesk-cityblock", "target-bigquery")
PUBLISH = ("tap-zendesk-cityblock-tickets", "target-zendesk-pubsub")
NO_STATE = {"MELTANO_STATE_BACKEND_URI": "gs://no-such-bucket/meltano"}
"""Reads as one without a state, and cannot be written to: the run starts where the first one did."""


class Page(HTMLParser):
    """What a reader of the page finds: its headline, and for each problem the title, the link and the commands."""

    def __init__(self, html):
        super().__init__()
        self.headline, self.problems, self._open = "", [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "li" and "problem" in found.get("class", ""):
            self.problems.append({"title": "", "link": "", "commands": ""})
        if tag == "a" and self.problems and found["href"].startswith("#runbook-"):
            self.problems[-1]["link"] = found["href"]
        self._open.append((tag, found.get("id")))

    def handle_endtag(self, tag):
        while self._open.pop()[0] != tag:
            pass

    def handle_data(self, text):
        tags = [tag for tag, _ in self._open]
        if ("h2", "now-title") in self._open:
            self.headline += text
        elif "ol" in tags and "h3" in tags:
            self.problems[-1]["title"] += text
        elif "ol" in tags and "pre" in tags:
            self.problems[-1]["commands"] += text


@pytest.fixture(scope="module")
def size():
    return Size(tickets=120, users=40)


@pytest.fixture(scope="module")
def page(project):
    def read():
        path = project.home / "operations.html"
        written = project.meltano("invoke", "operations-page:write", f"--output={path}")
        assert written.returncode == 0, written.stderr[-5000:]
        return path.read_text()

    return read


@pytest.fixture(scope="module")
def faults(project):
    url = f"{project.sandbox.addresses.zendesk_url}/_sandbox/faults"

    def add(**fault):
        requests.post(url, json=fault, timeout=30).raise_for_status()

    yield add
    requests.delete(url, timeout=30).raise_for_status()


@pytest.fixture(scope="module")
def sick(project, page, faults):
    """The page after runs in which everything has gone wrong once."""
    odd = {"groups": [{"id": 41, "name": {"not": "a text"}}], "meta": {"has_more": False}}
    faults(path="/api/v2/groups", kind="status", status=200, body=odd)
    project.run(*EXPORT, **FEW)
    project.build("zendesk_user_directory")
    project.run(*PUBLISH)  # the internal directory does not know all users of the tickets
    faults(path="/api/v2/brands", kind="status", status=403, times=9)
    refused = project.meltano("run", "tap-to-bigquery", **FEW, **NO_STATE)
    assert refused.returncode == 1
    failed = project.meltano("run", "tap-to-pubsub", TAP_ZENDESK_CITYBLOCK_CLIENT_SECRET="wrong")
    assert failed.returncode == 1
    project.meltano("invoke", "dbt-bigquery:run", "--select", "path:models/operations")
    return page()


def test_each_problem_is_on_the_page_with_its_section_and_commands(sick):
    found = Page(sick)
    assert found.headline.startswith("✗ 4 problems to act on, 1 to look at")
    expected = [
        ("tap-to-bigquery could not export everything", "#runbook-zendesk", "meltano run tap-to-bigquery"),
        ("tap-to-pubsub failed", "#runbook-change-credentials", "meltano run tap-to-pubsub"),
        ("The cursor of user was not saved", "#runbook-the-state-was-not-saved", "saved-state:check"),
        ("1 record of group rejected", "#runbook-rejected-records", "target-bigquery:reload-rejected"),
        ("tickets wait for users without a match", "#runbook-fix-join-errors", "meltano run tap-to-pubsub"),
    ]
    for problem, (title, link, command) in zip(found.problems, expected, strict=True):
        assert title in problem["title"]
        assert problem["link"] == link
        assert f'id="{link[1:]}"' in sick
        assert command in problem["commands"]


def test_runs_and_their_errors_are_on_the_page(sick):
    assert "brand" in sick
    assert "not available to this account" in sick
    assert "refused the credentials" in sick
    assert "✗ failed" in sick


def test_no_id_and_no_text_of_a_ticket_or_user_is_on_the_page(sick, project):
    people = project.rows("SELECT name, email FROM zendesk.user")
    texts = {*words.SUBJECTS, *words.SENTENCES, *(text for row in people for text in row.values() if text)}
    assert len(texts) > 50
    assert {text for text in texts if text in sick} == set()
    assert not re.search(r"\b\d{9,}\b", re.sub(r"<(svg|script|style).*?</\1>", "", sick, flags=re.DOTALL))


def make_fit(warehouse):
    """As if a schema or the table had been corrected: what was rejected fits now."""
    table = "zendesk.REJECTED_RECORD"
    [rejected] = warehouse.query_and_wait(f"SELECT payload FROM {table} WHERE resolved_at IS NULL")
    payload = bigquery.ScalarQueryParameter(
        "payload", "STRING", json.dumps(json.loads(rejected.payload) | {"name": "a text"})
    )
    warehouse.query_and_wait(
        f"UPDATE {table} SET payload = @payload WHERE resolved_at IS NULL",
        job_config=bigquery.QueryJobConfig(query_parameters=[payload]),
    )


def test_the_commands_on_the_page_end_the_problems(sick, page, project, faults):
    """Behind what people do first: a permission, a secret, a bucket, a schema, the Member Service."""
    requests.delete(f"{project.sandbox.addresses.zendesk_url}/_sandbox/faults", timeout=30)
    resolve_users(project.sandbox.warehouse, project.sandbox.addresses.zendesk_url)
    make_fit(project.sandbox.warehouse)
    commands = dict.fromkeys(
        line for problem in Page(sick).problems for line in problem["commands"].splitlines()
    )
    assert len(commands) == 5
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join([PREAMBLE, *commands])],
        cwd=PROJECT,
        env=project.environment(FEW),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-5000:]
    found = Page(page())
    assert found.problems == []
    assert found.headline == "✓ All is well"
