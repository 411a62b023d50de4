import dataclasses
import json
import logging
from email.utils import parsedate_to_datetime

import pytest
import requests
from cityblock_singer.errors import PluginError
from tap_zendesk_cityblock.ending import check_availability
from tap_zendesk_cityblock.tap import TapZendeskCityblock

CREDENTIALS = {"client_id": "sandbox", "client_secret": "sandbox-secret"}
COMMAND = "tap-zendesk-cityblock"


@dataclasses.dataclass(frozen=True)
class Result:
    code: int
    messages: list[dict]
    stderr: str
    stdout: str

    def records(self, stream):
        return [m["record"] for m in self.messages if m["type"] == "RECORD" and m["stream"] == stream]

    def ids(self, stream):
        return [record["id"] for record in self.records(stream)]

    @property
    def states(self):
        return [m["value"] for m in self.messages if m["type"] == "STATE"]


@dataclasses.dataclass(frozen=True)
class Zendesk:
    """The sandbox's account, and its ways to make trouble."""

    url: str

    def ids(self, model):
        return {
            json.loads(line)["id"]
            for line in requests.get(f"{self.url}/_sandbox/objects/{model}", timeout=30).text.splitlines()
        }

    def objects(self, model):
        lines = requests.get(f"{self.url}/_sandbox/objects/{model}", timeout=30).content.splitlines()
        return [json.loads(line) for line in lines]

    def put(self, model, *objects):
        return requests.put(f"{self.url}/_sandbox/objects/{model}", json=objects, timeout=30).json()["ids"]

    def fault(self, path, **fault):
        requests.post(
            f"{self.url}/_sandbox/faults", json={"path": path, **fault}, timeout=30
        ).raise_for_status()

    def limits(self, **buckets):
        requests.put(f"{self.url}/_sandbox/limits", json=buckets, timeout=30).raise_for_status()

    def latency(self, seconds):
        requests.put(f"{self.url}/_sandbox/latency", json={"seconds": seconds}, timeout=30).raise_for_status()

    def counts(self):
        return requests.get(f"{self.url}/_sandbox/limits", timeout=30).json()

    def advance(self, hours=24):
        requests.post(f"{self.url}/_sandbox/advance", json={"hours": hours}, timeout=30).raise_for_status()

    def pages(self, size):
        """Most objects of a page by number; None: as Zendesk has them."""
        requests.put(f"{self.url}/_sandbox/pages", json={"size": size}, timeout=30).raise_for_status()

    def exports(self, *, allowed):
        requests.put(f"{self.url}/_sandbox/exports", json={"allowed": allowed}, timeout=30).raise_for_status()

    def scopes(self, allowed):
        """Those that the OAuth client may ask for; None: all."""
        requests.put(f"{self.url}/_sandbox/scopes", json={"allowed": allowed}, timeout=30).raise_for_status()

    def now(self):
        """Epoch seconds, as its answers are dated."""
        return parsedate_to_datetime(
            requests.get(f"{self.url}/api/v2/groups", timeout=30).headers["Date"]
        ).timestamp()

    def requests(self):
        return requests.get(f"{self.url}/_sandbox/requests", timeout=30).json()


@pytest.fixture
def zendesk(zendesk_url):
    """The account without faults, limits or a history of requests."""
    requests.delete(f"{zendesk_url}/_sandbox/faults", timeout=30)
    account = Zendesk(zendesk_url)
    account.latency(0)
    account.exports(allowed=True)
    account.scopes(None)
    account.pages(None)
    account.limits(
        **{
            "account": {"total": 10**6},
            "incremental-exports": {"total": 10**6},
            "incremental-exports-cursor": {"total": 10**6},
            "deleted-tickets-index": {"total": 10**6},
            "search-export": {"total": 10**6},
            "access-logs": {"total": 10**6},
        }
    )
    requests.delete(f"{zendesk_url}/_sandbox/requests", timeout=30)
    return account


@pytest.fixture
def command(zendesk_url, tmp_path):
    """The command line for these settings: `command(state=…, **settings)`; a setting of None is left out."""

    def build(*arguments, name=COMMAND, state=None, catalog=None, credentials=CREDENTIALS, **settings):
        config = {
            "subdomain": "cityblock-local",
            "base_url": zendesk_url,
            "environment": "local",
            "fast_first_export": False,  # only few tests need it
            **credentials,
            **settings,
        }
        given = {
            "config": {key: value for key, value in config.items() if value is not None},
            "state": state,
            "catalog": catalog,
        }
        line = [name, *arguments]
        for option, content in given.items():
            if content is not None:
                path = tmp_path / f"{option}.json"
                path.write_text(content if isinstance(content, str) else json.dumps(content))
                line += [f"--{option}", path]
        return line

    return build


@pytest.fixture
def tap(command, commands):
    """Runs the command as Meltano does, or another of the package: `name=…`."""

    def run(*arguments, env=None, installed=False, **settings):
        done = commands.run(
            *command(*arguments, **settings),
            env={"PATH": "/usr/bin:/bin", **(env or {})},
            installed=installed,
            timeout=300,
        )
        messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"type"')]
        return Result(done.returncode, messages, done.stderr, done.stdout)

    return run


@pytest.fixture
def export(zendesk_url, capfd, caplog):
    """A run inside this process, for tests that need many of them: no start-up, no command line."""

    def run(state=None, **settings):
        config = {
            "subdomain": "cityblock-local",
            "base_url": zendesk_url,
            "environment": "local",
            "bulk_models": [],
            "incremental_models": [],
            "fast_first_export": False,
            **CREDENTIALS,
            **settings,
        }
        caplog.clear()
        caplog.set_level(logging.INFO)
        code, last = 0, ""
        try:
            tap = TapZendeskCityblock(config=config, state=state)
            tap.sync_all()
            check_availability(tap.model_streams, tap.run_context.unavailable, tap.settings)
        except PluginError as error:
            code, last = error.exit_code, str(error)
        stdout = capfd.readouterr().out
        messages = [json.loads(line) for line in stdout.splitlines() if line.startswith('{"type"')]
        return Result(code, messages, caplog.text + last, stdout)

    return run
