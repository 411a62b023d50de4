"""Each fault of Zendesk, in every pagination style: no row lost, repeated or changed, and nothing personal in log or state.

A fault hits the second request of a run that exports one model (the first where a model is a single response). A run that
ends with a nonzero exit code is followed by one without faults, from its last STATE. Of an export, the rows of both
count; of a list, those of the run that completes. The tests of one pagination style share an account, and the last three
change it.
"""

import dataclasses
import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import zip_longest
from pathlib import Path

import pytest
import requests
from tap_zendesk_cityblock.columns import EXPORT_COLUMNS, MARK, load_schema
from tap_zendesk_cityblock.models import MODELS, Paging

import sandbox
from sandbox.addresses import Addresses
from sandbox.servers import Size, zendesk_server

pytestmark = pytest.mark.own_verb

MOMENT = datetime(2025, 12, 31, 20, tzinfo=UTC)
RESOLVER = Path(sandbox.__file__).parent / "failing_resolver"


@dataclasses.dataclass(frozen=True)
class Style:
    """A pagination style, a model that is served in it, and a page size that makes several pages of it."""

    name: str
    model: str
    page_size: int = 100

    @property
    def path(self):
        return MODELS[self.model].path

    @property
    def paging(self):
        return MODELS[self.model].paging


STYLES = (
    Style("export by cursor", "ticket"),
    Style("export by time", "organization", 20),
    Style("list by cursor", "organization_membership"),
    Style("list by next_page", "sla_policy", 3),
    Style("list without pages", "ticket_form"),
)
CURSORS = frozenset({Paging.EXPORT_CURSOR})
EXPORTS = frozenset({Paging.EXPORT_CURSOR, Paging.EXPORT_TIME})


@dataclasses.dataclass(frozen=True)
class Trouble:
    """`faults` of each run, as the sandbox takes them, or made from a cursor that a run has sent; `codes`: how runs end."""

    name: str
    faults: tuple[dict | Callable[[str], dict] | None, ...] = (None,)
    codes: tuple[int, ...] = (0,)
    pagings: frozenset[Paging] = frozenset(Paging)
    change: Callable | None = None
    """Done to the account before the first run."""
    resolver_fails: bool = False
    give_up_after: int = 60
    """Seconds."""


# --- the faults ------------------------------------------------------------------------------------------------------
def limited(body, **headers):
    return {"status": 429, "body": body, "headers": {k.replace("_", "-"): v for k, v in headers.items()}}


def limited_until_a_date(_cursor):
    return limited(LIMIT, Retry_After=format_datetime(datetime.now(UTC) + timedelta(seconds=3), usegmt=True))


def the_same_again(cursor, **more):
    body = {"tickets": [{"id": 1}], "after_cursor": cursor, "end_of_stream": False}
    return {"status": 200, "body": body, **more}


def same_second(zendesk, style):
    """Half as many rows again as a page holds."""
    clocks = {"updated_at": MOMENT.strftime("%Y-%m-%dT%H:%M:%SZ")}
    if style.model == "ticket":
        clocks["generated_timestamp"] = int(MOMENT.timestamp())
    zendesk.put(style.model, *({"id": 960_000 + n, **clocks} for n in range(style.page_size * 3 // 2)))


def text_for_a_number(zendesk, style):
    clocks = ("id", "generated_timestamp")
    number = next(
        name
        for name, schema in load_schema(style.model)["properties"].items()
        if "integer" in schema["type"] and name not in clocks
    )
    zendesk.put(style.model, {"id": zendesk.objects(style.model)[0]["id"], number: "twelve"})


def new_property(zendesk, style):
    zendesk.put(style.model, *({"id": one["id"], "hue": "blue"} for one in zendesk.objects(style.model)))


LIMIT = {
    "error": "APIRateLimitExceeded",
    "description": "Number of allowed API requests per minute exceeded",
}
INVALID = {"errors": [{"code": "InvalidCursor", "status": "400", "title": "cursor is invalid or expired"}]}
FORBIDDEN = {"error": {"title": "Forbidden", "message": "You do not have access to this page."}}
FOR_EVER = 100_000
TRANSIENT = {
    "429, Retry-After in seconds": limited(LIMIT, Retry_After="1"),
    "429, Retry-After a date": limited_until_a_date,
    "429, Retry-After 0": limited(LIMIT, Retry_After="0"),
    "429 without Retry-After": limited(LIMIT),
    "429, body no JSON": limited("Number of allowed API requests per minute exceeded", Retry_After="1"),
    "500": {"status": 500, "body": "<html>"},
    "502": {"status": 502, "body": "<html>"},
    "503": {"status": 503, "headers": {"Retry-After": "1"}},
    "504 twice": {"status": 504, "times": 2, "body": "upstream request timeout"},
    "520": {"status": 520},
    "524": {"status": 524},
    "connection reset in the body": {"kind": "reset"},
    "body cut short": {"kind": "truncate"},
    "slow body": {"kind": "slow", "delay": 1},
    "no answer": {"kind": "drop"},
    "200 that is half a page": {"status": 200, "body": '{"tickets": [{"id"'},
    "401 during the run": {"status": 401, "body": {"error": "invalid_token"}},
}
LASTING = {"status": 500, "times": FOR_EVER}
TROUBLES = [
    Trouble("none"),
    *(Trouble(name, (fault,)) for name, fault in TRANSIENT.items()),
    Trouble("name not found, twice", ({"kind": "drop"},), resolver_fails=True),
    Trouble("500 until the retry deadline", (LASTING,), (1, 0), give_up_after=3),
    Trouble(
        "429 until the retry deadline", ({**limited(LIMIT), "times": FOR_EVER},), (4, 0), give_up_after=3
    ),
    Trouble("403", ({"status": 403, "body": FORBIDDEN},), (3, 0)),
    Trouble("403, an empty page", ({"status": 403, "headers": {"Content-Type": "text/html"}},), (3, 0)),
    Trouble("404", ({"status": 404, "body": {"error": "RecordNotFound"}},), (3, 0)),
    Trouble("200 without the list", ({"status": 200, "body": {"rows": [], "count": 0}},), (1, 0)),
    Trouble("cursor refused during the run", ({"status": 400, "body": INVALID},), pagings=CURSORS),
    Trouble(
        "stored cursor expired",
        (LASTING, {"status": 400, "body": INVALID, "after": 0}),
        (1, 0),
        CURSORS,
        give_up_after=1,
    ),
    Trouble("the same cursor again", (the_same_again,), pagings=CURSORS),
    Trouble(
        "the same cursor again and again",
        (lambda cursor: the_same_again(cursor, times=FOR_EVER),),
        (1, 0),
        CURSORS,
    ),
    Trouble(
        "page cursor refused during the run",
        ({"status": 400, "body": {"error": "InvalidPaginationParameter"}},),
        (1, 0),
        frozenset({Paging.LIST_CURSOR}),
    ),
    Trouble("more rows in a second than a page", pagings=EXPORTS, change=same_second),
    Trouble("a text where a number was", change=text_for_a_number),
    Trouble("a new property", change=new_property),
]
CASES = [(style, trouble) for style in STYLES for trouble in TROUBLES if style.paging in trouble.pagings]


# --- a run, and its rows -----------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def zendesk_url(tmp_path_factory):
    """An account of which every style has several pages."""
    addresses = Addresses.free()
    with zendesk_server(addresses, tmp_path_factory.mktemp("zendesk"), Size(tickets=300)):
        yield addresses.zendesk_url


@pytest.fixture(scope="module")
def personal(zendesk_url):
    """Every text in personal columns, except dates, and words too short to say whose they are."""
    found = set()
    for model in ("ticket", "user", "organization"):
        names = [name for name, schema in load_schema(model)["properties"].items() if MARK in schema]
        lines = requests.get(f"{zendesk_url}/_sandbox/objects/{model}", timeout=60).content.splitlines()
        for thing in map(json.loads, lines):
            found.update(text for name in names for text in texts(thing.get(name)))
    return {text for text in found if len(text) > 5 and not re.fullmatch(r"\d{4}-\d\d-\d\d", text)}


def texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts(part)


@pytest.fixture
def run(tap, zendesk):
    """Exports the model of a style, and groups beside it, which no fault hits."""

    def export(style, trouble, fault, state):
        requests.delete(f"{zendesk.url}/_sandbox/faults", timeout=30)
        if fault is not None:
            zendesk.fault(style.path, **{"after": 0 if style.paging is Paging.NONE else 1, **fault})
        named = {"bulk_models": ["group"], "incremental_models": []}
        named["incremental_models" if MODELS[style.model].is_incremental else "bulk_models"] += [style.model]
        return tap(
            **named,
            base_url=zendesk.url.replace("127.0.0.1", "localhost"),
            page_size=style.page_size,
            give_up_after=trouble.give_up_after,
            skip_unchanged=False,  # a second run writes the groups again
            state=state or {},
            env={"PYTHONPATH": str(RESOLVER)} if trouble.resolver_fails else {},
        )

    return export


def cursor_of(zendesk):
    return next(one["query"]["cursor"] for one in zendesk.requests() if "cursor" in one["query"])


def contents(things, model):
    known = load_schema(model)["properties"].keys() - EXPORT_COLUMNS.keys()
    return Counter(
        json.dumps({name: value for name, value in sorted(thing.items()) if name in known})
        for thing in things
    )


@pytest.mark.parametrize(
    ("style", "trouble"), CASES, ids=[f"{style.name}-{trouble.name}" for style, trouble in CASES]
)
def test_no_row_is_lost_repeated_or_changed_and_nothing_personal_is_logged(
    style, trouble, run, zendesk, personal
):
    cursor = None
    if any(callable(fault) for fault in trouble.faults) and style.paging in CURSORS:
        assert run(style, trouble, None, None).code == 0
        cursor = cursor_of(zendesk)
    if trouble.change is not None:
        trouble.change(zendesk, style)
    runs, state = [], None
    for given, _ in zip_longest(trouble.faults, trouble.codes):
        runs.append(run(style, trouble, given(cursor) if callable(given) else given, state))
        state = runs[-1].states[-1] if runs[-1].states else state
    assert tuple(one.code for one in runs) == trouble.codes, runs[-1].stderr

    asked = [one for one in zendesk.requests() if one["path"] == style.path]
    assert len(asked) > (style.paging is not Paging.NONE)  # otherwise the fault was not met

    exports = [contents(one.records(style.model), style.model) for one in runs]
    exported = sum(exports if MODELS[style.model].is_incremental else exports[-1:], Counter())
    assert exported.keys() == contents(zendesk.objects(style.model), style.model).keys()
    assert all(count == 1 for export in exports for count in export.values())
    for one in runs:
        if one.code in (0, 3):
            assert len(one.records("group")) == len(zendesk.ids("group"))

    written = "\n".join(one.stderr + json.dumps(one.states) for one in runs)
    assert not [text for text in personal if text in written]
