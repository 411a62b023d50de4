"""Reports about access: rate limits, logins, tokens, models that the account may not read."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tests.tap.reported import ONLY_TICKETS, TICKETS

TOO_MANY = {
    "error": "APIRateLimitExceeded",
    "description": "Number of allowed incremental export API requests per minute exceeded",
}
EDGE = {"detail": "Rate limited by Zendesk edge protection", "status": "429", "title": "Automated response"}
TOKEN = {"email": "agent@cityblock.example", "api_token": "sandbox-token"}


# --- 5: rate limits: storms of requests, hours without a sign, answers that are not JSON --------------------------------
# airbytehq/airbyte#11899, #11035, #7373, #14253, singer-io/tap-zendesk#155, facetoe/zenpy#109

LIMITED = {
    "seconds": {"headers": {"Retry-After": "1"}, "body": TOO_MANY},
    "a date": {
        "headers": {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=1))},
        "body": EDGE,
    },
    "zero": {"headers": {"Retry-After": "0"}, "body": TOO_MANY},
    "no Retry-After": {"body": TOO_MANY},
    "words that are not times": {"headers": {"Retry-After": "soon"}, "body": TOO_MANY},
    "a body that is not JSON": {"body": "Number of allowed API requests per minute exceeded"},
    "a body of Zendesk's edge": {"headers": {"Retry-After": "1"}, "body": EDGE},
}


@pytest.mark.parametrize("limited", LIMITED.values(), ids=LIMITED)
def test_pain_05_a_429_of_any_shape_is_waited_out(limited, tap, zendesk):
    """Taps failed on the missing header, on the date, on the text, or asked again at once."""
    zendesk.fault(TICKETS, after=1, status=429, **limited)
    result = tap(**ONLY_TICKETS)
    assert result.code == 0, result.stderr
    assert sorted(result.ids("ticket")) == sorted(zendesk.ids("ticket"))
    assert [asked["status"] for asked in zendesk.requests()].count(429) == 1


def test_pain_05_a_rate_limit_that_does_not_pass_ends_in_time_with_an_exit_code_of_its_own(tap, zendesk):
    """Taps slept for hours, without a word, inside one request."""
    zendesk.fault(TICKETS, after=1, times=1000, status=429, body=TOO_MANY)
    result = tap(**ONLY_TICKETS, give_up_after=2)
    assert result.code == 4
    assert "HTTP 429" in result.stderr
    assert "gave up after" in result.stderr
    assert len(result.ids("ticket")) == 100


# --- 9: a way to log in that is documented does not work ---------------------------------------------------------------
# singer-io/tap-zendesk#126, #161

LOGINS = {
    "OAuth client": {"client_id": "sandbox", "client_secret": "sandbox-secret"},
    "access token": {"access_token": "sandbox-access"},
    "API token": TOKEN,
    "file": None,
}


@pytest.mark.parametrize("login", LOGINS)
def test_pain_09_every_way_to_log_in_discovers_and_exports(login, tap, tmp_path, zendesk):
    """With an API token, the commonest way, one tap has ended with KeyError: access_token since 2023."""
    credentials = LOGINS[login]
    if credentials is None:
        path = tmp_path / "credentials.json"
        path.write_text(json.dumps(TOKEN))
        credentials = {"credentials_path": str(path)}
    settings = {"bulk_models": ["group"], "incremental_models": ["ticket"], "credentials": credentials}
    discovered = tap("--discover", **settings)
    assert discovered.code == 0, discovered.stderr
    result = tap(**settings, catalog=discovered.stdout)
    assert result.code == 0, result.stderr
    assert set(result.ids("group")) == zendesk.ids("group")
    assert set(result.ids("ticket")) == zendesk.ids("ticket")
    assert ("30 April 2027" in result.stderr) == (login in ("API token", "file"))


# --- 10: tokens end in mid-run -----------------------------------------------------------------------------------------
# estuary/connectors#2886, facetoe/zenpy#678, airbytehq/airbyte#65104, NangoHQ/nango#6763


def test_pain_10_a_token_that_ends_in_mid_run_is_renewed_once_and_its_page_asked_for_again(tap, zendesk):
    """Tokens live for half an hour, exports longer; other taps log in at the start of a run only."""
    zendesk.fault(TICKETS, after=1, status=401, body={"error": "invalid_token"})
    result = tap(**ONLY_TICKETS)
    assert result.code == 0
    assert sorted(result.ids("ticket")) == sorted(zendesk.ids("ticket"))
    asked = [(request["status"], request["query"]) for request in zendesk.requests()]
    assert [status for status, _ in asked[:3]] == [200, 401, 200]
    assert asked[1][1] == asked[2][1]


def test_pain_10_a_grant_without_a_lifetime_is_used(tap, zendesk):
    """Zendesk leaves expires_in out unless it was asked for, and not every account returns it then."""
    zendesk.fault(
        "/oauth/tokens", status=200, body={"access_token": "sandbox-access", "token_type": "bearer"}
    )
    result = tap(**ONLY_TICKETS)
    assert result.code == 0, result.stderr
    assert sorted(result.ids("ticket")) == sorted(zendesk.ids("ticket"))


def test_pain_10_a_grant_that_fails_for_a_moment_in_mid_run_is_asked_for_again(tap, zendesk):
    """A renewal is a request like any other."""
    zendesk.fault(TICKETS, after=1, status=401, body={"error": "invalid_token"})
    zendesk.fault("/oauth/tokens", after=1, status=503)
    result = tap(**ONLY_TICKETS)
    assert result.code == 0, result.stderr
    assert "no OAuth token: HTTP 503" in result.stderr
    assert sorted(result.ids("ticket")) == sorted(zendesk.ids("ticket"))


# --- 11: one model that may not be read stops all others ---------------------------------------------------------------
# singer-io/tap-zendesk#185, airbytehq/airbyte#23035


@pytest.mark.parametrize(
    "refusal",
    [
        {
            "status": 403,
            "body": {"error": {"title": "Forbidden", "message": "You do not have access to this page."}},
        },
        {"status": 403, "headers": {"Content-Type": "text/html"}, "body": ""},
        {"status": 404, "body": {"error": "RecordNotFound", "description": "Not found"}},
    ],
    ids=["403", "403 with an empty page", "404"],
)
def test_pain_11_a_model_the_account_may_not_read_stops_no_other_but_the_run_says_so(refusal, tap, zendesk):
    """One refused model ended the run, and no bookmark moved."""
    zendesk.fault("/api/v2/brands", **refusal)
    result = tap(bulk_models=["brand", "group", "view"], incremental_models=["user"])
    assert result.code == 3
    assert f"not available to this account: brand (HTTP {refusal['status']}" in result.stderr
    for model in ("group", "view", "user"):
        assert set(result.ids(model)) == zendesk.ids(model)
    assert "brand" not in {row["table_name"] for row in result.records("EXPORT_METADATA")}
    assert result.states[-1]["bookmarks"]["user"]["cursor"]
