"""Cost of the tap compared with tap-zendesk, zenpy and Airbyte's source from PyPI, on the same account.

    .venv/bin/python -m benchmarks.peers --tickets 10000

Each runs as a process in its own environment (`make benchmark NAME=peers` creates them), reads every ticket, and its output
is thrown away. The others can only connect to Zendesk's host, so a `sitecustomize` module redirects their requests to the
sandbox. It also rounds tap-zendesk's start time to whole seconds, which the sandbox requires, and skips its one-minute pause
after every 450 tickets.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from benchmarks.account import TAP, account, cost_of, settings
from sandbox.text_table import text_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.measure import Cost

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = ROOT / ".venvs"
SINCE = "2019-09-30T00:00:00Z"

REDIRECT = """
import os, re, time
import requests.adapters

time.sleep = lambda seconds: None
send = requests.adapters.HTTPAdapter.send

def send_to_sandbox(self, request, **rest):
    asked = request.url
    host, _, path = asked.partition("://")[2].partition("/")
    if host.endswith(".zendesk.com"):
        path = re.sub(r"(start_time=\\d+)\\.\\d+", r"\\1", path)
        request.url = f"{os.environ['SANDBOX']}/{path}"
    response = send(self, request, **rest)
    request.url = response.url = asked
    return response

requests.adapters.HTTPAdapter.send = send_to_sandbox
"""

ZENPY = """
import json, sys
from zenpy import Zenpy
client = Zenpy(subdomain="cityblock-local", oauth_token=sys.argv[1])
for ticket in client.tickets.incremental(start_time=1569801600, paginate_by_time=False, per_page=1000):
    sys.stdout.write(json.dumps(ticket.to_dict()))
    sys.stdout.write("\\n")
"""


@dataclasses.dataclass(frozen=True)
class Place:
    """The account's URL, a token for it, and a folder."""

    url: str
    token: str
    home: Path

    def file(self, name: str, content: object) -> Path:
        path = self.home / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path


def ours(place: Place) -> list[object]:
    login = {
        "access_token": place.token,
        "support_type_scope": "agent",
    }  # the others request no more than these
    return [TAP, "--config", place.file("ours.json", settings(place.url, **login))]


def tap_zendesk(place: Place) -> list[object]:
    command = ENVIRONMENTS / "peer-tap-zendesk" / "bin" / "tap-zendesk"
    package = next((command.parents[1] / "lib").glob("python*/site-packages/tap_zendesk"))
    schema = json.loads((package / "schemas" / "tickets.json").read_text())
    table = {"selected": True, "table-key-properties": ["id"]}
    stream = {
        "stream": "tickets",
        "tap_stream_id": "tickets",
        "key_properties": ["id"],
        "schema": schema,
        "metadata": [{"breadcrumb": [], "metadata": table}],
    }
    config = {"start_date": SINCE, "subdomain": "cityblock-local", "access_token": place.token}
    return [
        command,
        "--config",
        place.file("tap-zendesk.json", config),
        "--catalog",
        place.file("tap-zendesk-catalog.json", {"streams": [stream]}),
    ]


def zenpy(place: Place) -> list[object]:
    return [
        ENVIRONMENTS / "peer-zenpy" / "bin" / "python",
        place.file("tickets_by_zenpy.py", ZENPY),
        place.token,
    ]


def airbyte(place: Place) -> list[object]:
    credentials = {"credentials": "oauth2.0", "access_token": place.token}
    config = {"start_date": SINCE, "subdomain": "cityblock-local", "credentials": credentials}
    stream = {
        "stream": {
            "name": "tickets",
            "json_schema": {},
            "supported_sync_modes": ["full_refresh", "incremental"],
        },
        "sync_mode": "incremental",
        "destination_sync_mode": "append",
        "cursor_field": ["generated_timestamp"],
    }
    return [
        ENVIRONMENTS / "peer-airbyte" / "bin" / "source-zendesk-support",
        "read",
        "--config",
        place.file("airbyte.json", config),
        "--catalog",
        place.file("airbyte-catalog.json", {"streams": [stream]}),
    ]


PROGRAMS: dict[str, Callable[[Place], list[object]]] = {
    "this tap": ours,
    "tap-zendesk 2.8.2": tap_zendesk,
    "zenpy 2.0.57": zenpy,
    "Airbyte 4.9.1": airbyte,
}


def main(tickets: int) -> None:
    with account(tickets) as (url, home):
        place = Place(url, _token(url), home)
        (home / "first").mkdir()
        (home / "first" / "sitecustomize.py").write_text(REDIRECT)
        measured = {name: _cost(make(place), place, tickets) for name, make in PROGRAMS.items()}
    least = measured["this tap"].cpu
    lines: list[list[object]] = [[name, one.cpu, one.peak, one.cpu / least] for name, one in measured.items()]
    print(f"{tickets} tickets")
    print(text_table(["program", "CPU s", "MB", "times this tap's CPU"], lines))


def _token(url: str) -> str:
    form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox-secret"}
    answer = requests.post(f"{url}/oauth/tokens", json={**form, "expires_in": 86_400}, timeout=30)
    return str(answer.json()["access_token"])


def _cost(command: list[object], place: Place, tickets: int) -> Cost:
    """Raises SystemExit if the program fails or reads fewer than all of the agents' tickets."""
    log, before = place.home / "log", _pages(place)
    environment = {**os.environ, "SANDBOX": place.url}
    if command[0] != TAP:
        environment["PYTHONPATH"] = str(place.home / "first")
    measured = cost_of(command, log, environment)
    if (_pages(place) - before) * 1000 < tickets * 22 // 23:
        raise SystemExit(f"{command[0]} did not read every page:\n{log.read_text()[-2000:]}")
    return measured


def _pages(place: Place) -> int:
    asked = requests.get(f"{place.url}/_sandbox/requests", timeout=30).json()
    return sum(
        "/incremental/tickets/cursor" in request["path"] and request["status"] == 200 for request in asked
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--tickets", type=int, default=10_000)
    main(parser.parse_args().tickets)
