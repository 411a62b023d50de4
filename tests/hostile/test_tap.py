"""Hostile responses to the tap: each model is exported as it was served, or named in an error; no other model is harmed."""

import logging
import random
import re
import time

import pytest
from cityblock_singer.errors import PluginError
from tap_zendesk_cityblock.columns import EXPORT_COLUMNS, load_schema
from tap_zendesk_cityblock.ending import check_availability
from tap_zendesk_cityblock.models import MODELS
from tap_zendesk_cityblock.tap import TapZendeskCityblock

from tests.hostile.conftest import LINES
from tests.hostile.mutations import CANARY
from tests.hostile.readings import is_same, plain, value_of
from tests.hostile.server import KINDS, OF_THE_RUN, HostileServer, odd_body, odd_headers, odd_status
from tests.tap.conftest import CREDENTIALS, Result, zendesk  # noqa: F401 - a fixture

BULK = [
    *("group", "macro", "organization_membership", "brand", "ticket_field", "view", "ticket_form", "trigger"),
    *("sla_policy", "custom_agent_role", "user_field", "sharing_agreement", "target", "automation"),
]
INCREMENTAL = ["ticket", "user", "organization"]
PAGE = 40
GAVE_UP = re.compile(r"/api/v2/\S+: .*; gave up after \d+ tries$")
"""Ends the run, whatever else it was to export."""
UNAVAILABLE = (
    r"WARNING .* %s: (not available to this account|incomplete|cursor refused|Zendesk refused the request) \("
)
"""Does not fail the run if the model is optional; and other errors stand in the last line before it."""
RUNS = max(4, LINES // 250)


@pytest.fixture(scope="module")
def between(zendesk_url):
    with HostileServer(zendesk_url) as server:
        yield server


@pytest.fixture
def export(between, zendesk, capfd, caplog):  # noqa: F811
    """A run in this process. Any error that is not one of the tap's sentences fails the test."""

    def run(**settings):
        between.served.clear()
        caplog.clear()
        caplog.set_level(logging.INFO)
        config = {
            "subdomain": "cityblock-local",
            "base_url": between.url,
            "environment": "local",
            "bulk_models": BULK,
            "incremental_models": INCREMENTAL,
            "fast_first_export": False,
            "skip_unchanged": False,
            "page_size": PAGE,
            "give_up_after": 5,
            **CREDENTIALS,
            **settings,
        }
        code, last = 0, ""
        try:
            tap = TapZendeskCityblock(config=config)
            tap.sync_all()
            check_availability(tap.model_streams, tap.run_context.unavailable, tap.settings)
        except PluginError as error:
            code, last = error.exit_code, str(error)
        stdout = capfd.readouterr().out
        messages = [value_of(line.encode()) for line in stdout.splitlines() if line.startswith('{"type"')]
        return Result(code, messages, caplog.text + last, stdout)

    return run


def mutate(seed, kinds, share, changes):
    """A plan: of each path at most one response, by the seed and the path. `changes`: which were made."""

    def plan(path):
        rng = random.Random(f"{seed} {path}")
        if path in changes or rng.random() > share:
            return None
        kind = rng.choice(kinds)
        changes[path] = kind.__name__

        def change(answer):
            if answer.body and answer.status == 200:
                kind(rng, answer)

        return change

    return plan


def objects(served, model):
    """What the responses have of the model, by key; None: not JSON, so requested again."""
    of = MODELS[model]
    found = {}
    for path, body in served:
        if path == of.path:
            content = value_of(body)
            listed = content.get(of.root) if isinstance(content, dict) else None
            for one in listed if isinstance(listed, list) else ():
                if isinstance(one, dict):
                    found.setdefault(str(one.get(of.key)), []).append(one)
    return found


def check(result, served, changes):
    assert CANARY not in result.stderr
    assert "Traceback" not in result.stderr
    complete = {
        one["table_name"] for one in result.records("EXPORT_METADATA") if one["export_status"] == "complete"
    }
    for model in (*BULK, *INCREMENTAL):
        known = load_schema(model)["properties"].keys() - EXPORT_COLUMNS.keys()
        seen = objects(served, model)
        keys = set()
        for one in result.records(model):
            key = str(one[MODELS[model].key])
            keys.add(key)
            said = {name: value for name, value in one.items() if name in known}
            assert any(equal(said, shown, known) for shown in seen[key]), (model, key, changes)
        if model in complete:
            lost = seen.keys() - keys
            assert not lost or f"{model}: left out" in result.stderr, (model, lost, changes)
        else:
            last = result.stderr.splitlines()[-1]
            named = rf"\b{model}\b|{MODELS[model].path}\b"
            is_said = (
                GAVE_UP.match(last) or re.search(named, last) or re.search(UNAVAILABLE % model, result.stderr)
            )
            assert is_said, (model, last, changes)
    return complete


def equal(said, shown, known):
    shown = {name: value for name, value in shown.items() if name in known}
    if "via" in said and not isinstance(shown.get("via"), dict):
        shown["via"] = {"channel": shown.get("via")}
    return is_same(shown, said) or plain(said) == plain(shown)


def only(path, plan):
    return lambda asked: plan(asked) if asked == path else None


def test_of_hostile_responses_each_model_is_exported_as_served_or_named(rng, export, between):
    kinds = set()
    for _ in range(RUNS):
        changes, seed = {"/oauth/tokens": "none"}, rng.random()
        between.plan = mutate(seed, KINDS, 0.5, changes)
        started = time.monotonic()
        result = export()
        assert len(changes) > 1, result.stderr
        check(result, list(between.served), changes)
        assert time.monotonic() - started < 120, changes
        kinds |= {*changes.values()}
    assert len(kinds) > 3


@pytest.mark.parametrize("kind", [odd_status, odd_body, odd_headers], ids=["status", "body", "headers"])
def test_hostile_answers_to_the_login_end_the_run_with_a_sentence(kind, rng, export, between):
    for _ in range(RUNS // 2):
        between.plan = only("/oauth/tokens", mutate(rng.random(), [kind], 1, {}))
        result = export(bulk_models=["group"], incremental_models=[])
        assert CANARY not in result.stderr
        assert result.code or len(result.records("group")) == 12


def test_a_hostile_refusal_of_the_whole_account_ends_the_run_with_a_sentence(rng, export, between):
    def refuse(rng, answer):
        odd_status(rng, answer, OF_THE_RUN)

    for _ in range(RUNS):
        between.plan = only("/api/v2/groups", mutate(rng.random(), [refuse], 1, {}))
        result = export(bulk_models=["group", "brand"], incremental_models=[])
        assert CANARY not in result.stderr
        assert result.code or len(result.records("group")) == 12  # it may ask for a new token
