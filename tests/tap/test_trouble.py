"""What goes wrong between the tap and Zendesk, and what becomes of the rows."""

import json
import re
import signal
from pathlib import Path

import pytest
from tap_zendesk_cityblock.models import MODELS

import sandbox

TICKETS = "/api/v2/incremental/tickets/cursor"
ONLY_TICKETS = {"bulk_models": [], "incremental_models": ["ticket"], "page_size": 100}
PASSING = {
    "500": {"status": 500, "body": "<html>"},
    "502": {"status": 502},
    "503": {"status": 503, "headers": {"Retry-After": "1"}},
    "504": {"status": 504, "body": "upstream request timeout"},
    "520": {"status": 520},
    "524": {"status": 524},
    "409": {"status": 409, "body": {"error": "DatabaseConflict"}},
    "reset in the body": {"kind": "reset"},
    "body cut short": {"kind": "truncate"},
    "slow body": {"kind": "slow", "delay": 0.3},
    "no answer at all": {"kind": "drop"},
    "200 that is not JSON": {"status": 200, "body": '{"tickets": [{"id"'},
}
OTHER_DIALECTS = {"organization": (2, 1), "macro": (50, 1), "sla_policy": (3, 1), "target": (None, 0)}
"""Page size, and after how many requests trouble begins."""


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_trouble_that_passes_costs_no_row_and_repeats_none(fault, tap, zendesk):
    zendesk.fault(TICKETS, after=1, **fault)
    result = tap(**ONLY_TICKETS)
    assert result.code == 0, result.stderr
    assert sorted(result.ids("ticket")) == sorted(zendesk.ids("ticket"))


@pytest.mark.parametrize("model", OTHER_DIALECTS)
@pytest.mark.parametrize(
    "fault",
    [*(PASSING[name] for name in ("502", "reset in the body", "body cut short")), {"status": 401}],
    ids=["502", "reset in the body", "body cut short", "401"],
)
def test_trouble_passes_in_every_dialect_of_pages(fault, model, tap, zendesk):
    page_size, after = OTHER_DIALECTS[model]
    zendesk.fault(MODELS[model].path, after=after, **fault)
    kind = "incremental_models" if MODELS[model].is_incremental else "bulk_models"
    result = tap(**{"bulk_models": [], "incremental_models": [], kind: [model]}, page_size=page_size)
    assert result.code == 0, result.stderr
    assert sorted(result.ids(model)) == sorted(zendesk.ids(model))
    if fault.get("status") == 401:
        assert 401 in [asked["status"] for asked in zendesk.requests()]
    else:
        assert "retrying in" in result.stderr


def test_trouble_that_does_not_pass_ends_the_run_with_the_pages_before_it_kept(tap, zendesk):
    zendesk.fault(TICKETS, after=1, times=1000, status=500)
    result = tap(**ONLY_TICKETS, give_up_after=2)
    assert result.code == 1
    assert "HTTP 500; gave up after" in result.stderr
    assert result.states[-1]["bookmarks"]["ticket"]["cursor"]
    assert len(result.ids("ticket")) == 100
    assert result.records("EXPORT_METADATA") == []


def test_a_request_that_waited_long_in_the_queue_is_retried_all_the_same(tap, zendesk):
    zendesk.limits(**{"incremental-exports": {"total": 2, "window": 4}})
    zendesk.fault(TICKETS, after=2, status=503)
    result = tap(**ONLY_TICKETS, give_up_after=2)
    assert result.code == 0, result.stderr
    assert sorted(result.ids("ticket")) == sorted(zendesk.ids("ticket"))


def test_options_that_make_no_sense_have_an_exit_code_of_their_own(tap):
    assert tap("--no-such-option").code == 2


def test_501_is_not_tried_again(tap, zendesk):
    zendesk.fault(TICKETS, status=501)
    assert tap(**ONLY_TICKETS).code == 1
    assert len(zendesk.requests()) == 1


def test_a_login_that_stays_refused_ends_the_run(tap, zendesk):
    zendesk.fault(TICKETS, times=1000, status=401, body={"error": "invalid_token"})
    result = tap(**ONLY_TICKETS)
    assert result.code == 1
    assert "Zendesk refused the credentials" in result.stderr
    assert len(zendesk.requests()) == 2


def test_a_model_that_zendesk_will_not_list_as_it_is_asked_for_stops_no_other(tap, zendesk):
    body = {"error": "InvalidFilter", "description": "a filter must be given"}
    zendesk.fault("/api/v2/email_notifications", status=400, body=body)
    result = tap(bulk_models=["brand", "email_notification"], incremental_models=[])
    assert result.code == 3
    message = "refused the request: email_notification (/api/v2/email_notifications: HTTP 400 InvalidFilter); the other"
    assert message in result.stderr
    assert "not available" not in result.stderr
    assert sorted(result.ids("brand")) == sorted(zendesk.ids("brand"))


def test_a_refusal_in_mid_export_ends_the_run(tap, zendesk):
    zendesk.fault("/api/v2/macros", after=1, status=422, body={"error": "RecordInvalid"})
    result = tap(bulk_models=["macro"], incremental_models=[])
    assert result.code == 1
    assert "/api/v2/macros: HTTP 422 RecordInvalid" in result.stderr


def test_the_last_line_names_the_models_in_one_order_whoever_was_refused_first(tap, zendesk):
    zendesk.fault("/api/v2/brands", status=503, headers={"Retry-After": "2"})  # and holds up no other
    zendesk.fault("/api/v2/brands", status=403)
    zendesk.fault("/api/v2/groups", status=403)
    result = tap(bulk_models=["brand", "group", "macro"], incremental_models=[])
    assert result.code == 3
    assert result.stderr.index("group: not available") < result.stderr.index("brand: not available")
    message = "brand (HTTP 403), group (HTTP 403); the other models are complete"
    assert message in result.stderr


ACCOUNT = {
    "unpaid": (
        {"status": 402, "body": {"error": "Payment required"}},
        "HTTP 402: the Zendesk account at 127.0.0.1",
    ),
    "renamed": (
        {"status": 301, "headers": {"Location": "https://renamed.zendesk.com/api/v2/x?canary=canary"}},
        "HTTP 301: 127.0.0.1 redirects to renamed.zendesk.com, and credentials are not sent there",
    ),
    "to a page of its own": (
        {"status": 302, "headers": {"Location": "/access/canary"}},
        "redirects to another path of the same host,",
    ),
    "to nowhere": (
        {"status": 308},
        "redirects to an unknown address",
    ),
}


@pytest.mark.parametrize(("fault", "message"), ACCOUNT.values(), ids=ACCOUNT)
@pytest.mark.parametrize("path", [TICKETS, "/oauth/tokens"])
def test_an_answer_about_the_account_ends_the_run_with_what_it_says(fault, message, path, tap, zendesk):
    zendesk.fault(path, times=10, **fault)
    result = tap(**ONLY_TICKETS)
    assert result.code == 1
    assert message in result.stderr.splitlines()[-1]
    assert "canary" not in result.stderr
    assert "other models" not in result.stderr


def test_an_address_without_an_account_is_not_a_few_models_missing(tap, zendesk):
    zendesk.fault("/api/v2/", times=100, status=404)
    result = tap(bulk_models=["brand", "group"], incremental_models=["ticket"])
    assert result.code == 1
    assert f"Every model returns HTTP 404: check subdomain, {zendesk.url}" in result.stderr.splitlines()[-1]
    zendesk.fault("/oauth/tokens", status=404)
    result = tap(**ONLY_TICKETS)
    assert result.code == 1
    assert "No Zendesk account at 127.0.0.1 (HTTP 404): check subdomain" in result.stderr.splitlines()[-1]


def test_where_no_model_could_be_read_none_is_called_complete(tap, zendesk):
    zendesk.fault("/api/v2/", times=100, status=403)
    result = tap(bulk_models=["brand"], incremental_models=["ticket"])
    assert result.code == 3
    assert result.stderr.rstrip().endswith("ticket (HTTP 403); no model could be read")


def test_the_reason_of_a_failed_run_comes_last_and_its_seconds_before_it(tap, zendesk):
    zendesk.fault("/api/v2/brands", status=403)
    result = tap(bulk_models=["brand", "group"], incremental_models=[])
    *_, ends, reason = result.stderr.splitlines()
    groups = len(result.records("group"))
    assert re.search(rf"ends after \d+\.\d s with exit code 3; records exported: group {groups}$", ends)
    assert "CRITICAL" in reason
    assert "brand (HTTP 403); the other models are complete" in reason


def test_an_optional_model_that_is_missing_fails_nothing(tap, zendesk):
    zendesk.fault("/api/v2/nps/", times=2, status=404)
    result = tap(bulk_models=["group"], incremental_models=["nps_recipient", "nps_response"])
    assert result.code == 0
    assert result.stderr.count("not available to this account") == 2


def test_a_limit_in_the_headers_is_never_exceeded(tap, zendesk):
    zendesk.limits(**{"incremental-exports": {"total": 2, "window": 2}})
    result = tap(bulk_models=[], incremental_models=["ticket"], page_size=60)
    assert result.code == 0
    assert len(result.ids("ticket")) == len(zendesk.ids("ticket"))
    assert [request["status"] for request in zendesk.requests()].count(429) == 0


@pytest.mark.parametrize(
    ("credentials", "message"),
    [
        ({"access_token": "sandbox-access"}, ": cannot connect to 127.0.0.1:9; gave up"),
        (
            {"client_id": "sandbox", "client_secret": "sandbox-secret"},
            "no OAuth token: cannot connect to 127.0.0.1:9; gave up",
        ),
    ],
)
def test_an_unreachable_host_is_one_sentence(tap, credentials, message):
    result = tap(base_url="http://127.0.0.1:9", give_up_after=1, credentials=credentials)
    assert result.code == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_name_that_cannot_be_resolved_for_a_moment_costs_no_row(tap, zendesk):
    """The connection breaks in mid-run, and the resolver fails twice before the next one stands."""
    zendesk.fault(TICKETS, after=1, kind="drop")
    result = tap(
        **ONLY_TICKETS,
        base_url=zendesk.url.replace("127.0.0.1", "localhost"),
        env={"PYTHONPATH": str(Path(sandbox.__file__).parent / "failing_resolver")},
    )
    assert result.code == 0, result.stderr
    assert result.stderr.count("cannot resolve localhost:") == 2
    assert sorted(result.ids("ticket")) == sorted(zendesk.ids("ticket"))


def test_a_tap_that_is_terminated_says_so_and_leaves_whole_messages(command, commands, zendesk):
    zendesk.fault(TICKETS, after=2, kind="slow", delay=30)
    with commands.start(*command(**ONLY_TICKETS)) as tap:
        lines = []
        for line in tap.stdout:
            lines.append(json.loads(line))
            if sum(message["type"] == "RECORD" for message in lines) >= 200 and lines[-1]["type"] == "STATE":
                break
        tap.terminate()
        lines += [json.loads(line) for line in tap.stdout]
        assert tap.wait(30) == 128 + signal.SIGTERM
        stderr = tap.stderr.read().decode()
    assert "with exit code 143; records exported: ticket 200" in stderr.splitlines()[-1]
    assert sum(message["type"] == "RECORD" for message in lines) == 200


def test_a_reader_that_goes_away_ends_the_run_without_a_traceback(command, commands, zendesk):
    """As installed: at its end Python writes what is left to a pipe that is closed."""
    with commands.start(*command(), installed=True) as tap:
        tap.stdout.readline()
        tap.stdout.close()
        stderr = tap.stderr.read().decode()
        assert tap.wait(30) == 1
    assert "Traceback" not in stderr
    assert "BrokenPipe" not in stderr
    odd = [line for line in stderr.splitlines() if "| INFO " not in line]
    assert odd == []
    assert "with exit code 1; records exported:" in stderr.splitlines()[-1]
