"""What goes wrong between the tap and Zendesk, in every dialect of pages, and what becomes of the rows.

    .venv/bin/python -m benchmarks.fault_matrix

Each fault meets the second request of a run that exports one model (the first where a model is one answer), through HTTP
and by the real command. A run that ends with anything but 0 is followed by one in peace, from its last STATE. Of an
export, all rows of both count; of a list, those of the run that completes. Exit code 1 if a row is lost, repeated or
changed, a run ends as it should not, or a line of the log or a STATE tells anything of a ticket, a user or an organization.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from tap_zendesk_cityblock.columns import EXPORT_COLUMNS, MARK, load_schema
from tap_zendesk_cityblock.model_types import Paging
from tap_zendesk_cityblock.models import MODELS

import sandbox
from benchmarks.account import TAP, account
from sandbox.text_table import text_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Set as AbstractSet

Json = dict[str, Any]

TICKETS = 300
MOMENT = datetime(2025, 12, 31, 20, tzinfo=UTC)


@dataclasses.dataclass(frozen=True)
class Kind:
    """A dialect of pages, a model that is served in it, and a page size that makes several of it."""

    dialect: str
    model: str
    page_size: int = 100

    @property
    def path(self) -> str:
        return MODELS[self.model].path

    @property
    def paging(self) -> Paging:
        return MODELS[self.model].paging


KINDS = (
    Kind("export by cursor", "ticket"),
    Kind("export by time", "organization", 20),
    Kind("list by cursor", "organization_membership"),
    Kind("list by next_page", "sla_policy", 3),
    Kind("list without pages", "ticket_form"),
)
CURSORS = frozenset({Paging.EXPORT_CURSOR})
EXPORTS = frozenset({Paging.EXPORT_CURSOR, Paging.EXPORT_TIME})
ALL = frozenset(Paging)

Answer = dict[str, object]
"""A fault, as the sandbox takes it."""


@dataclasses.dataclass(frozen=True)
class Trouble:
    """`faults` are told for each run, and the first `code` is what that ends with; `change` is done to the account before."""

    name: str
    faults: tuple[tuple[Answer, ...], ...] = ((),)
    codes: tuple[int, ...] = (0,)
    kinds: frozenset[Paging] = ALL
    change: Callable[[Zendesk, Kind], None] | None = None
    resolver_fails: bool = False
    give_up_after: int = 60
    """Seconds."""


@dataclasses.dataclass(frozen=True)
class Zendesk:
    """The sandbox's account."""

    url: str

    def objects(self, model: str) -> list[Json]:
        lines = requests.get(f"{self.url}/_sandbox/objects/{model}", timeout=60).content.splitlines()
        return [json.loads(line) for line in lines]

    def put(self, model: str, things: list[Json]) -> None:
        requests.put(f"{self.url}/_sandbox/objects/{model}", json=things, timeout=60).raise_for_status()

    def meet(self, kind: Kind, faults: tuple[Answer, ...]) -> None:
        requests.delete(f"{self.url}/_sandbox/faults", timeout=60)
        first = 0 if kind.paging is Paging.NONE else 1
        for fault in faults:
            told = {"path": kind.path, "after": first, **fault}
            requests.post(f"{self.url}/_sandbox/faults", json=told, timeout=60).raise_for_status()

    def asked(self) -> list[Json]:
        """The requests since this was asked last."""
        asked: list[Json] = requests.get(f"{self.url}/_sandbox/requests", timeout=60).json()
        requests.delete(f"{self.url}/_sandbox/requests", timeout=60)
        return asked


@dataclasses.dataclass(frozen=True)
class Run:
    code: int
    rows: list[Json]
    beside: list[Json]
    state: Json | None
    told: str
    """The log, and the STATE messages."""

    @property
    def warnings(self) -> int:
        return len([line for line in self.told.splitlines() if "| WARNING " in line or "| ERROR " in line])


@dataclasses.dataclass(frozen=True)
class Outcome:
    """`tries`: how often the page in trouble was asked for, whatever its size. `lost`: missing, or not as Zendesk has it.

    `repeated`: twice in one export. `again`: in the next run too, which begins in the second in which this one ended.
    """

    tries: int
    expected: int
    lost: int
    repeated: int
    again: int
    codes: tuple[int, ...]
    warnings: int
    leaks: int
    requests: int

    @property
    def is_kept(self) -> bool:
        return not self.lost + self.repeated + self.leaks

    def cells(self) -> list[object]:
        return [
            ", then ".join(map(str, value)) if isinstance(value, tuple) else value
            for value in dataclasses.astuple(self)
        ]


# --- the faults ------------------------------------------------------------------------------------------------------
def _limited(body: object, **headers: str) -> Answer:
    return {"status": 429, "body": body, "headers": {k.replace("_", "-"): v for k, v in headers.items()}}


LIMIT = {
    "error": "APIRateLimitExceeded",
    "description": "Number of allowed API requests per minute exceeded",
}
INVALID = {"errors": [{"code": "InvalidCursor", "status": "400", "title": "cursor is invalid or expired"}]}
FORBIDDEN = {"error": {"title": "Forbidden", "message": "You do not have access to this page."}}
FOR_EVER = 100_000


def _same_second(zendesk: Zendesk, kind: Kind) -> None:
    """Half as many rows again as a page holds."""
    moment = MOMENT.strftime("%Y-%m-%dT%H:%M:%SZ")
    clocks = {"updated_at": moment}
    if kind.model == "ticket":
        clocks["generated_timestamp"] = int(MOMENT.timestamp())  # type: ignore[assignment]
    first = 960_000
    zendesk.put(kind.model, [{"id": first + n, **clocks} for n in range(kind.page_size * 3 // 2)])


def _text_for_a_number(zendesk: Zendesk, kind: Kind) -> None:
    properties = load_schema(kind.model)["properties"]
    clocks = ("id", "generated_timestamp")
    number = next(
        name for name, told in properties.items() if "integer" in told["type"] and name not in clocks
    )
    zendesk.put(kind.model, [{"id": zendesk.objects(kind.model)[0]["id"], number: "twelve"}])


def _new_property(zendesk: Zendesk, kind: Kind) -> None:
    zendesk.put(kind.model, [{"id": thing["id"], "hue": "blue"} for thing in zendesk.objects(kind.model)])


def troubles(stuck: Answer) -> list[Trouble]:
    """`stuck`: the answer by which a ticket cursor stands still."""
    a_moment_on = format_datetime(datetime.now(UTC) + timedelta(seconds=3), usegmt=True)
    passing: dict[str, Answer] = {
        "429, Retry-After in seconds": _limited(LIMIT, Retry_After="1"),
        "429, Retry-After a date": _limited(LIMIT, Retry_After=a_moment_on),
        "429, Retry-After 0": _limited(LIMIT, Retry_After="0"),
        "429 without Retry-After": _limited(LIMIT),
        "429, body no JSON": _limited("Number of allowed API requests per minute exceeded", Retry_After="1"),
        "500": {"status": 500, "body": "<html>"},
        "502": {"status": 502, "body": "<html>"},
        "503": {"status": 503, "headers": {"Retry-After": "1"}},
        "504 twice: smaller pages, then larger": {
            "status": 504,
            "times": 2,
            "body": "upstream request timeout",
        },
        "520": {"status": 520},
        "524": {"status": 524},
        "connection reset in the body": {"kind": "reset"},
        "body cut short": {"kind": "truncate"},
        "slow body": {"kind": "slow", "delay": 1},
        "no answer": {"kind": "drop"},
        "200 that is half a page": {"status": 200, "body": '{"tickets": [{"id"'},
        "401 in mid-run": {"status": 401, "body": {"error": "invalid_token"}},
    }
    lasting: Answer = {"status": 500, "times": FOR_EVER}
    return [
        Trouble("none"),
        *(Trouble(name, ((fault,),)) for name, fault in passing.items()),
        Trouble("name not found, twice", (({"kind": "drop"},),), resolver_fails=True),
        Trouble("500 until it gives up", ((lasting,),), (1, 0), give_up_after=3),
        Trouble(
            "429 until it gives up", (({**_limited(LIMIT), "times": FOR_EVER},),), (4, 0), give_up_after=3
        ),
        Trouble("403", (({"status": 403, "body": FORBIDDEN},),), (3, 0)),
        Trouble(
            "403, an empty page", (({"status": 403, "headers": {"Content-Type": "text/html"}},),), (3, 0)
        ),
        Trouble("404", (({"status": 404, "body": {"error": "RecordNotFound"}},),), (3, 0)),
        Trouble("200 without the list", (({"status": 200, "body": {"rows": [], "count": 0}},),), (1, 0)),
        Trouble("cursor refused in mid-run", (({"status": 400, "body": INVALID},),), kinds=CURSORS),
        Trouble(
            "stored cursor expired",
            ((lasting,), ({"status": 400, "body": INVALID, "after": 0},)),
            (1, 0),
            CURSORS,
            give_up_after=1,
        ),
        Trouble("cursor stands still", ((stuck,),), kinds=CURSORS),
        Trouble("cursor stands still for good", (({**stuck, "times": FOR_EVER},),), (1, 0), kinds=CURSORS),
        Trouble(
            "page cursor refused in mid-run",
            (({"status": 400, "body": {"error": "InvalidPaginationParameter"}},),),
            (1, 0),
            kinds=frozenset({Paging.LIST_CURSOR}),
        ),
        Trouble("more rows in a second than a page holds", kinds=EXPORTS, change=_same_second),
        Trouble("a text where a number was", change=_text_for_a_number),
        Trouble("a new property", change=_new_property),
    ]


# --- a run, and what came of it ----------------------------------------------------------------------------------------
RESOLVER = Path(sandbox.__file__).parent / "failing_resolver"


class Bench:
    """Runs the tap against one account."""

    def __init__(self, zendesk: Zendesk, home: Path) -> None:
        self.zendesk, self._home = zendesk, home
        self._secrets = sorted(set(_personal(zendesk)))

    def outcome(self, trouble: Trouble, kind: Kind) -> Outcome:
        if trouble.change is not None:
            trouble.change(self.zendesk, kind)
        self.zendesk.asked()
        runs: list[Run] = []
        for faults, _ in zip_longest(trouble.faults, trouble.codes, fillvalue=()):
            self.zendesk.meet(kind, faults)
            runs.append(self.run(trouble, kind, runs[-1].state if runs else None))
        return self._judged(kind, runs, self.zendesk.asked())

    def run(self, trouble: Trouble, kind: Kind, state: Json | None) -> Run:
        """Beside the model, groups are exported, which no fault meets."""
        named = {"bulk_models": ["group"], "incremental_models": []}
        named["incremental_models" if MODELS[kind.model].is_incremental else "bulk_models"] += [kind.model]
        config = {
            "environment": "local",
            "subdomain": "cityblock-local",
            "base_url": self.zendesk.url.replace("127.0.0.1", "localhost"),
            "client_id": "sandbox",
            "client_secret": "sandbox-secret",
            "page_size": kind.page_size,
            "give_up_after": trouble.give_up_after,
            **named,
        }
        (self._home / "config.json").write_text(json.dumps(config))
        (self._home / "state.json").write_text(json.dumps(state or {}))
        environment = os.environ | ({"PYTHONPATH": str(RESOLVER)} if trouble.resolver_fails else {})
        done = subprocess.run(
            [TAP, "--config", self._home / "config.json", "--state", self._home / "state.json"],
            capture_output=True,
            check=False,
            env=environment,
        )
        messages = [json.loads(line) for line in done.stdout.splitlines()]
        states = [message["value"] for message in messages if message["type"] == "STATE"]
        rows: dict[str, list[Json]] = {kind.model: [], "group": []}
        for message in messages:
            if message["type"] == "RECORD" and message["stream"] in rows:
                rows[message["stream"]].append(message["record"])
        told = done.stderr.decode() + "\n".join(json.dumps(value) for value in states)
        return Run(done.returncode, rows[kind.model], rows["group"], states[-1] if states else state, told)

    def _judged(self, kind: Kind, runs: list[Run], asked: list[Json]) -> Outcome:
        model = MODELS[kind.model]
        known = load_schema(kind.model)["properties"].keys() - EXPORT_COLUMNS.keys()
        exports = [Counter(_content(row, known) for row in run.rows) for run in runs]
        counted = exports if model.is_incremental else exports[-1:]
        exported = sum(counted, Counter[str]())
        expected = Counter(_content(thing, known) for thing in self.zendesk.objects(kind.model))
        groups = len(self.zendesk.objects("group"))
        lost = (expected - exported).total() + len(exported.keys() - expected.keys())
        lost += sum(groups - len(run.beside) for run in runs if run.code in (0, 3))
        pages = Counter(_page(request) for request in asked if request["path"] == kind.path)
        told = "\n".join(run.told for run in runs)
        return Outcome(
            max(*pages.values(), 1 + runs[0].told.count("retrying in")),
            expected.total(),
            lost,
            sum((export - Counter(set(export))).total() for export in exports),
            (sum((Counter(set(export)) for export in counted), Counter[str]()) - expected).total(),
            tuple(run.code for run in runs),
            sum(run.warnings for run in runs),
            sum(secret in told for secret in self._secrets),
            len(asked),
        )


def _page(request: Json) -> tuple[tuple[str, str], ...]:
    sizes = ("per_page", "page[size]")
    return tuple(sorted((name, value) for name, value in request["query"].items() if name not in sizes))


def _content(thing: Json, known: AbstractSet[str]) -> str:
    return json.dumps({name: value for name, value in sorted(thing.items()) if name in known})


def _personal(zendesk: Zendesk) -> Iterator[str]:
    """Every text in the personal columns, but for dates, and words too short to tell whose they are."""
    for model in ("ticket", "user", "organization"):
        names = [name for name, schema in load_schema(model)["properties"].items() if MARK in schema]
        for thing in zendesk.objects(model):
            yield from (text for name in names for text in _texts(thing.get(name)) if _is_telling(text))


def _is_telling(text: str) -> bool:
    return len(text) > 5 and not re.fullmatch(r"\d{4}-\d\d-\d\d", text)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def _stuck(bench: Bench) -> Answer:
    """By which the cursor that a run's second request sends stands still."""
    clean = bench.run(Trouble("none"), KINDS[0], None)
    first = bench.zendesk.asked()
    cursor = next(request["query"]["cursor"] for request in first if "cursor" in request["query"])
    assert clean.code == 0
    return {"status": 200, "body": {"tickets": [{"id": 1}], "after_cursor": cursor, "end_of_stream": False}}


def main() -> int:
    is_kept = True
    with account(TICKETS) as (url, home):
        bench = Bench(Zendesk(url), home)
        stuck = _stuck(bench)
        for kind in KINDS:
            lines: list[list[object]] = []
            for trouble in troubles(stuck):
                if kind.paging in trouble.kinds:
                    outcome = bench.outcome(trouble, kind)
                    is_kept &= outcome.is_kept and outcome.codes == trouble.codes
                    lines.append([trouble.name, *outcome.cells()])
            print(f"\n{kind.dialect}: {kind.model}, pages of {kind.page_size}\n")
            print(text_table(HEADER, lines), flush=True)
    return int(not is_kept)


HEADER = ["fault", "tries", "rows", "lost", "repeated", "again", "exit", "warnings", "leaks", "requests"]


if __name__ == "__main__":
    sys.exit(main())
