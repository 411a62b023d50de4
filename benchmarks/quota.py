"""How the tap uses Zendesk's rate limits, and how it hides Zendesk's response times.

    .venv/bin/python -m benchmarks.quota --windows 5

First, all bulk models with 200 ms per response, and the longest of them alone. Then the ticket export with 10 requests per
minute, in real minutes: the share of the limit that is used, and how often it is exceeded. A window starts with its first
request, so the lost time is what passes between the end of one window and the first request of the next. Then the same next
to another client of the account that sends 2, 4 or 8 requests per minute, evenly, whatever the responses.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import requests
from tap_zendesk_cityblock.models import BULK_MODELS

from benchmarks.account import TAP, account, settings
from sandbox.text_table import text_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LIMIT = 10
WINDOW = 60
TICKETS = 8000
LATENCY = 0.2
OTHERS = (0, 2, 4, 8)


class Zendesk:
    """An account, and runs of the tap on it."""

    def __init__(self, url: str, home: Path) -> None:
        self._url, self._home = url, home

    def sandbox(self, method: str, what: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        answer = requests.request(method, f"{self._url}/_sandbox/{what}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def run(self, **chosen: object) -> float:
        """Wall seconds of a run, start-up included. Raises CalledProcessError."""
        login = {"client_id": "sandbox", "client_secret": "sandbox-secret"}
        (self._home / "tap.json").write_text(json.dumps(settings(self._url, **login) | chosen))
        self.sandbox("DELETE", "requests")
        started = time.monotonic()
        with (self._home / "log").open("wb") as log:
            subprocess.run(
                [TAP, "--config", self._home / "tap.json"], check=True, stdout=subprocess.DEVNULL, stderr=log
            )
        return time.monotonic() - started


def limited(zendesk: Zendesk, others: int, windows: int, objects: int) -> list[object]:
    """A row about a run that begins with a window and ends with the first request of another."""
    bucket = {"total": LIMIT, "window": WINDOW, "others": others}
    zendesk.sandbox("PUT", "limits", {"incremental-exports": bucket})
    pages = windows * LIMIT + 1
    zendesk.run(incremental_models=["ticket"], page_size=-(-objects // pages))
    asked = [one for one in zendesk.sandbox("GET", "requests") if "/incremental/" in one["path"]]
    served = [one["at"] for one in asked if one["status"] == 200]
    seconds = served[-1] - served[0]
    counts = zendesk.sandbox("GET", "limits")["incremental-exports"]
    share = (len(served) - 1) / (seconds / WINDOW * LIMIT)
    refused = sum(one["status"] == 429 for one in asked)
    given = counts.get("others_served", 0) / (seconds / WINDOW * LIMIT)
    return [
        *(others, len(served), seconds, f"{share:.1%}", refused),
        *(f"{given:.1%}", counts.get("others_refused", 0)),
    ]


def bulk(zendesk: Zendesk) -> list[list[object]]:
    """Rows: all bulk models, and the one with the most requests alone."""
    zendesk.sandbox("PUT", "latency", {"seconds": LATENCY})
    zendesk.run(incremental_models=[], bulk_models=["group"])  # the first requests are slower
    names = [model.name for model in BULK_MODELS]
    paths = {model.path: model.name for model in BULK_MODELS}
    whole = zendesk.run(incremental_models=[], bulk_models=names)
    asked = Counter(paths[one["path"]] for one in zendesk.sandbox("GET", "requests"))
    refused = sum(one["status"] != 200 for one in zendesk.sandbox("GET", "requests"))
    longest, pages = asked.most_common(1)[0]
    alone = zendesk.run(incremental_models=[], bulk_models=[longest])
    return [
        [f"all {len(names)} bulk models", asked.total(), refused, whole, f"{whole / alone:.2f}"],
        [f"{longest} alone", pages, 0, alone, ""],
    ]


def main(windows: int, others: Sequence[int]) -> None:
    with account(TICKETS) as (url, home):
        zendesk = Zendesk(url, home)
        rows = bulk(zendesk)
        zendesk.sandbox("PUT", "latency", {"seconds": 0})
        print(text_table([f"{LATENCY * 1000:.0f} ms per response", "requests", "429", "s", "ratio"], rows))
        print()
        objects = len(requests.get(f"{url}/_sandbox/objects/ticket", timeout=60).content.splitlines())
        table = [limited(zendesk, number, windows, objects) for number in others]
        header = ["others per minute", "requests", "s", "used", "429", "others served", "others refused"]
        print(text_table(header, table))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quota", description=__doc__)
    parser.add_argument("--windows", type=int, default=5)
    parser.add_argument("--others", type=int, nargs="*", default=OTHERS)
    options = parser.parse_args()
    main(options.windows, options.others)
