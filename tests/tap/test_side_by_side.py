"""Models are read concurrently: the same rows as one after another, within the rate limits, and a prompt exit."""

import json
import logging
import signal

import pytest
import requests
from tap_zendesk_cityblock.http.authentication import authentication
from tap_zendesk_cityblock.http.credentials import OAuthClient
from tap_zendesk_cityblock.models import BULK_MODELS, INCREMENTAL_MODELS
from tap_zendesk_cityblock.models import MODELS as EVERY_MODEL

MODELS = [model.name for model in (*BULK_MODELS, *INCREMENTAL_MODELS)]
BRANDS, TICKETS = "/api/v2/brands", "/api/v2/incremental/tickets/cursor"
OF_EXPORT = ("_export_id", "_exported_at")


def rows(result, model):
    return [
        {name: value for name, value in record.items() if name not in OF_EXPORT}
        for record in result.records(model)
    ]


def bookmarks(result):
    """Without what differs between any two exports: their ids."""
    found = result.states[-1]["bookmarks"]
    loaded = found.pop("EXPORT_METADATA")["loaded"]
    return found, {model: (one["digest"], one["marks"]) for model, one in loaded.items()}


def test_the_rows_and_the_state_are_those_of_one_request_at_a_time(tap):
    named = {"bulk_models": ["all"], "incremental_models": ["all"], "page_size": 50}
    together, alone = tap(**named), tap(**named, concurrent_requests=1)
    assert together.code == alone.code == 0, together.stderr
    for model in EVERY_MODEL:
        assert rows(together, model) == rows(alone, model)
    assert bookmarks(together) == bookmarks(alone)


@pytest.mark.parametrize("at_once", [1, 3])
def test_as_many_requests_as_the_settings_allow_are_under_way_at_the_same_time(at_once, tap, zendesk):
    zendesk.latency(0.5)
    lists = ["brand", "group", "view", "trigger", "automation", "sla_policy", "target"]
    result = tap(bulk_models=lists, incremental_models=[], concurrent_requests=at_once)
    assert result.code == 0, result.stderr
    asked = zendesk.requests()
    under_way = [sum(one["at"] <= other["at"] < one["until"] for one in asked) for other in asked]
    assert max(under_way) == at_once


def test_a_model_that_zendesk_is_slow_to_answer_holds_up_no_other(command, commands, zendesk):
    zendesk.fault(BRANDS, kind="slow", delay=60)
    named = {"bulk_models": ["brand", "group", "view"], "incremental_models": ["ticket"]}
    exported = []
    with commands.start(*command(**named)) as tap:
        for line in tap.stdout:
            message = json.loads(line)
            if message["type"] == "RECORD" and message["stream"] == "EXPORT_METADATA":
                exported.append(message["record"]["table_name"])
            if len(exported) == 3:
                break
        tap.terminate()
        assert tap.wait(30) == 128 + signal.SIGTERM
    assert sorted(exported) == ["group", "ticket", "view"]


@pytest.mark.parametrize("moved", ["ticket", "user", "organization"])
def test_a_run_can_go_on_from_the_state_in_which_a_model_first_stands_somewhere(moved, tap, zendesk):
    """Where the others then stand is another place in every run."""
    models = ["ticket", "user", "organization"]
    named = {"bulk_models": ["ticket_metric", "view"], "incremental_models": models, "page_size": 50}
    whole = tap(**named)
    number, state = next(
        (number, message["value"])
        for number, message in enumerate(whole.messages)
        if message["type"] == "STATE" and message["value"]["bookmarks"].get(moved)
    )
    rest = tap(**named, state=state)
    for model in models:
        before = {
            message["record"]["id"]
            for message in whole.messages[:number]
            if message["type"] == "RECORD" and message["stream"] == model
        }
        assert before | set(rest.ids(model)) == zendesk.ids(model)
    assert len(rest.ids(moved)) < len(zendesk.ids(moved))


def test_no_limit_is_crossed_and_no_row_lost_or_repeated(tap, zendesk):
    zendesk.limits(
        account={"total": 20, "window": 2},
        **{
            "incremental-exports": {"total": 3, "window": 2},
            "incremental-exports-cursor": {"total": 2, "window": 2},
        },
    )
    result = tap(page_size=60)
    assert result.code == 0, result.stderr
    assert {request["status"] for request in zendesk.requests()} == {200}
    for model in MODELS:
        assert len(result.ids(model)) == len(set(result.ids(model)))
        assert set(result.ids(model)) == zendesk.ids(model)


def test_an_account_that_others_use_is_exported_whole(tap, zendesk):
    """How much they are left is tested without a clock, in test_reserve.py."""
    zendesk.limits(**{"incremental-exports": {"total": 10, "window": 3, "others": 5}})
    result = tap(bulk_models=[], incremental_models=["ticket"], page_size=10)
    assert result.code == 0, result.stderr
    assert set(result.ids("ticket")) == zendesk.ids("ticket")
    assert zendesk.counts()["incremental-exports"]["others_served"]


def test_an_account_that_is_suspended_ends_the_run_while_models_wait_for_zendesk(tap, zendesk):
    zendesk.fault("/api/v2/groups", kind="slow", delay=120)
    zendesk.fault(BRANDS, status=402, body={"error": "Payment required"})
    result = tap(bulk_models=["brand", "group"], incremental_models=[])
    assert result.code == 1
    assert "is suspended or unpaid" in result.stderr
    assert "Traceback" not in result.stderr
    assert result.ids("group") == []


def test_a_tap_that_is_terminated_exits_even_if_its_output_is_not_read(command, commands, zendesk):
    with commands.start(*command(page_size=10)) as tap:
        tap.stdout.readline()
        tap.terminate()
        assert tap.wait(30) == 128 + signal.SIGTERM


def test_access_logs_whose_limit_ends_at_a_date_are_exported_whole(tap, zendesk):
    zendesk.limits(**{"access-logs": {"total": 40, "window": 2}})
    zendesk.fault("/api/v2/access_logs", status=429, headers={"ratelimit-reset": "2001-01-01T00:00:00Z"})
    result = tap(bulk_models=[], incremental_models=["access_log"])
    assert result.code == 0, result.stderr
    assert set(result.ids("access_log")) == zendesk.ids("access_log")
    assert [request["status"] for request in zendesk.requests()].count(429) == 1


def test_tokens_that_end_in_mid_run_cost_no_row(tap, zendesk):
    invalid = {"status": 401, "body": {"error": "invalid_token"}}
    for path in (BRANDS, TICKETS, "/api/v2/groups", "/api/v2/macros", "/api/v2/views"):
        zendesk.fault(path, **invalid)
    result = tap()
    assert result.code == 0, result.stderr
    for model in MODELS:
        assert set(result.ids(model)) == zendesk.ids(model)


def test_a_token_that_several_requests_were_refused_with_is_renewed_once(zendesk):
    session = requests.Session()
    auth = authentication(
        OAuthClient("sandbox", "sandbox-secret"), zendesk.url, session, logging.getLogger(__name__), (10, 60)
    )

    def ask():
        return session.get(zendesk.url + BRANDS, auth=auth, timeout=30).request.headers["Authorization"]

    refused = session.get(zendesk.url + BRANDS, auth=auth, timeout=30).request
    auth.renew(refused)
    renewed = ask()
    auth.renew(refused)
    assert renewed != refused.headers["Authorization"]
    assert ask() == renewed
    session.close()


@pytest.mark.parametrize("number", [0, -1])
def test_fewer_than_one_request_at_a_time_is_refused(number, tap):
    result = tap(concurrent_requests=number)
    assert result.code == 1
    assert f"{number} is less than the minimum of 1 in config['concurrent_requests']" in result.stderr
