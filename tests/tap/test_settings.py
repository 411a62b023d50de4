"""Settings and state that make no sense: one sentence that says what to write, exit code 1, nothing exported."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tap_zendesk_cityblock.settings import SETTINGS

SECRET = "hunter2-hunter2"

BAD_SETTINGS = {
    "no credentials": ({"credentials": {}}, "No credentials: set client_id and client_secret"),
    "half of them": (
        {"credentials": {"client_id": "sandbox"}},
        "Invalid credentials: client_id are set; expected client_id and client_secret, or access_token",
    ),
    "two ways": (
        {"access_token": SECRET},
        "Invalid credentials: access_token, client_id, client_secret are set",
    ),
    "wrong client": (
        {"client_secret": SECRET},
        "client_id, client_secret: Zendesk refused the OAuth client (HTTP 401)",
    ),
    "wrong token": ({"credentials": {"access_token": SECRET}}, "Zendesk refused the credentials (HTTP 401"),
    "no such file": (
        {"credentials": {}, "credentials_path": "/nowhere.json"},
        "credentials_path: cannot read /nowhere.json",
    ),
    "unknown bulk model": (
        {"bulk_models": ["grup"]},
        "bulk_models: Unknown model 'grup'. Did you mean 'group'?",
    ),
    "unknown incremental model": (
        {"incremental_models": ["group"]},
        "incremental_models: Unknown model 'group'",
    ),
    "unknown optional model": ({"optional_models": ["npx"]}, "optional_models: Unknown model 'npx'"),
    "a name that is mistyped": ({"page_sise": 5}, "Unknown setting 'page_sise'. Did you mean 'page_size'?"),
    "no time to try in": ({"give_up_after": 0}, "0 is less than the minimum of 1 in config['give_up_after']"),
    "start_cursor for all": (
        {"start_cursor": "x"},
        "start_cursor applies to incremental_models: set incremental_models",
    ),
    "start_cursor for two": (
        {"start_cursor": "x", "incremental_models": ["ticket", "user"]},
        "start_cursor applies to one model",
    ),
    "start_cursor by time": ({"start_cursor": "x", "incremental_models": ["organization"]}, "set start_time"),
    "start_time for all": (
        {"start_time": "2026-01-01"},
        "start_time applies to incremental_models",
    ),
    "both starts": (
        {"start_time": "2026-01-01", "start_cursor": "x", "incremental_models": ["ticket"]},
        "are both set",
    ),
    "a start to come": (
        {"start_time": "2999-01-01", "incremental_models": ["ticket"]},
        "Invalid start_time '2999-01-01': is in the future",
    ),
    "no such date": ({"start_date": "last week"}, "Invalid start_date 'last week': expected a date or time"),
    "page_size": ({"page_size": 5000}, "5000 is greater than the maximum of 1000 in config['page_size']"),
    "no requests at once": (
        {"concurrent_requests": 0},
        "0 is less than the minimum of 1 in config['concurrent_requests']",
    ),
    "no requests at all": (
        {"requests_per_minute": {"account": 0}},
        "0 is less than the minimum of 1 in config['requests_per_minute']['account']",
    ),
    "a setting of the SDK's that the tap cannot keep": (
        {"batch_config": {}},
        "Unknown setting 'batch_config'",
    ),
    "no subdomain": (
        {"subdomain": None},
        "Setting 'subdomain' is required (with Meltano, some commands need --environment",
    ),
    "odd subdomain": ({"subdomain": "https://x.zendesk.com"}, "Invalid subdomain 'https://x.zendesk.com'"),
    "local without the sandbox": ({"base_url": None}, "environment is local, but base_url is not set"),
    "local that leads out": (
        {"base_url": "https://x.zendesk.com"},
        "environment is local, but base_url is x.zendesk.com",
    ),
    "staging that leads in": (
        {"environment": "staging"},
        "environment is staging, but base_url is a loopback address",
    ),
    "plain http": (
        {"environment": None, "base_url": "http://x.zendesk.com"},
        "base_url must begin with https://",
    ),
}


@pytest.mark.parametrize(("settings", "message"), BAD_SETTINGS.values(), ids=BAD_SETTINGS)
def test_settings_that_make_no_sense(settings, message, tap):
    result = tap(**{"incremental_models": None, **settings})
    assert result.code == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert SECRET not in result.stderr
    assert [m for m in result.messages if m["type"] == "RECORD"] == []


@pytest.mark.parametrize("name", ["page_size", "page_sise"])
def test_discovery_refuses_them_as_well(name, tap):
    result = tap("--discover", **{name: "x"})
    assert result.code == 1
    assert name in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_a_ceiling_of_an_undocumented_bucket_is_a_warning(tap):
    limits = {"incremental": 5, "incremental-exports": 5}
    result = tap(bulk_models=["brand"], incremental_models=[], requests_per_minute=limits)
    assert result.code == 0
    [message] = [line for line in result.stderr.splitlines() if "requests_per_minute" in line]
    assert "Unknown bucket 'incremental'. " in message
    assert "Did you mean 'incremental-exports'?" in message


def test_a_secret_of_a_wrong_type_is_not_quoted(tap):
    result = tap(credentials={"access_token": [SECRET]})
    assert result.code == 1
    assert "access_token" in result.stderr
    assert SECRET not in result.stderr


@pytest.fixture
def logged_in(tap, tmp_path):
    """Runs with a credentials file of this content."""

    def run(content):
        path = tmp_path / "credentials.json"
        path.write_text(json.dumps(content))
        return tap(bulk_models=["brand"], incremental_models=[], credentials={"credentials_path": str(path)})

    return run


GOOD_CREDENTIALS = {
    "without a subdomain": {"access_token": "sandbox-access"},
    "of this subdomain": {"access_token": "sandbox-access", "subdomain": "cityblock-local"},
    "zenpy's token": {
        "email": "agent@cityblock.example",
        "token": "sandbox-token",
        "subdomain": "cityblock-local",
    },
    "zenpy's OAuth token": {"oauth_token": "sandbox-access", "subdomain": "cityblock-local"},
}


@pytest.mark.parametrize("content", GOOD_CREDENTIALS.values(), ids=GOOD_CREDENTIALS)
def test_a_credentials_file_may_say_whose_it_is_and_use_the_names_of_zenpy(content, logged_in, zendesk):
    result = logged_in(content)
    assert result.code == 0, result.stderr
    assert sorted(result.ids("brand")) == sorted(zendesk.ids("brand"))


BAD_CREDENTIALS = {
    "another subdomain": (
        {"access_token": SECRET, "subdomain": "cityblock"},
        "is for a subdomain other than cityblock-local",
    ),
    "unknown keys": ({"acces_token": SECRET, "pasword": SECRET}, "unknown acces_token, pasword in "),
    "a key twice": ({"email": "a@b.c", "token": SECRET, "api_token": SECRET}, "has both token and api_token"),
    "not a string": ({"access_token": [SECRET]}, "access_token in "),
}


@pytest.mark.parametrize(("content", "message"), BAD_CREDENTIALS.values(), ids=BAD_CREDENTIALS)
def test_a_credentials_file_that_makes_no_sense_asks_zendesk_nothing(content, message, logged_in, zendesk):
    result = logged_in(content)
    assert result.code == 1
    assert "credentials_path: " in result.stderr
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert SECRET not in result.stderr
    assert zendesk.requests() == []


def test_a_setting_that_is_null_is_absent(command, commands):
    line = command("--discover", discover_permissions=False)
    path = line[line.index("--config") + 1]
    given = json.loads(path.read_text())
    nulls = dict.fromkeys(set(SETTINGS.to_dict()["properties"]) - set(given))
    path.write_text(json.dumps({**nulls, **given}))
    listed = commands.run(*line)
    assert listed.returncode == 0, listed.stderr
    assert len(json.loads(listed.stdout)["streams"]) == 28


def test_empty_lists_of_models_mean_none(tap):
    result = tap(bulk_models=[], incremental_models=[])
    assert result.code == 0
    assert {m["type"] for m in result.messages} <= {"SCHEMA", "STATE"}


def test_a_catalog_that_selects_nothing_is_refused(tap):
    catalog = {
        "streams": [
            {
                "tap_stream_id": "group",
                "schema": {"properties": {}},
                "metadata": [{"breadcrumb": [], "metadata": {"selected": False}}],
            }
        ]
    }
    result = tap(bulk_models=["group"], incremental_models=[], catalog=catalog)
    assert result.code == 1
    assert "The catalog selects none of the models" in result.stderr


BAD_STATES = {
    "unknown model": ({"bookmarks": {"tickets": {"cursor": "x"}}}, "unknown model 'tickets'"),
    "another account": (
        {"bookmarks": {"ticket": {"cursor": "x", "subdomain": "cityblock"}}},
        "it belongs to the account cityblock",
    ),
    "cursor by time": (
        {"bookmarks": {"organization": {"cursor": "x"}}},
        "it is exported by time and has no cursor",
    ),
    "cursor of a bulk model": ({"bookmarks": {"group": {"cursor": "x"}}}, "a bulk model is exported in full"),
    "unknown key": ({"bookmarks": {"ticket": {"start_tme": 1}}}, "unknown key start_tme"),
    "time as text": ({"bookmarks": {"ticket": {"start_time": "2026-01-01"}}}, "whole seconds since 1970"),
    "cursor as number": ({"bookmarks": {"ticket": {"cursor": 7}}}, "invalid cursor: expected a string"),
    "no object": ({"bookmarks": {"ticket": "x"}}, "a bookmark is an object"),
    "a list": ({"bookmarks": []}, "write {"),
    "not JSON": ("{", "state.json is not valid JSON"),
}


@pytest.mark.parametrize(("state", "message"), BAD_STATES.values(), ids=BAD_STATES)
def test_state_that_makes_no_sense(state, message, tap):
    result = tap(state=state)
    assert result.code == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert result.messages == []


def test_a_time_merged_beside_a_cursor_rewinds_to_that_time(tap, zendesk):
    first = tap(bulk_models=[], incremental_models=["ticket"])
    merged = {
        "bookmarks": {"ticket": {**first.states[-1]["bookmarks"]["ticket"], "start_time": 1_600_000_000}}
    }
    result = tap(bulk_models=[], incremental_models=["ticket"], state=merged)
    expected = {t["id"] for t in zendesk.objects("ticket") if t["generated_timestamp"] >= 1_600_000_000}
    assert set(result.ids("ticket")) == expected
    assert "start_time" not in result.states[-1]["bookmarks"]["ticket"]


def test_start_settings_outrank_the_state(tap, zendesk):
    first = tap(bulk_models=[], incremental_models=["ticket"], page_size=100)
    cursor = next(s["bookmarks"]["ticket"]["cursor"] for s in first.states if s["bookmarks"].get("ticket"))
    again = tap(bulk_models=[], incremental_models=["ticket"], start_cursor=cursor, state=first.states[-1])
    assert again.ids("ticket") == first.ids("ticket")[100:]
    since = tap(
        bulk_models=[],
        incremental_models=["ticket"],
        start_time="2020-09-13T12:26:40Z",
        state=first.states[-1],
    )
    assert set(since.ids("ticket")) == {
        t["id"] for t in zendesk.objects("ticket") if t["generated_timestamp"] >= 1_600_000_000
    }


def test_bookmarks_of_models_that_were_not_exported_stay(tap):
    state = {"bookmarks": {"user": {"cursor": "MTU3NjYxMzUzOS4wfHw0Njd8", "subdomain": "cityblock-local"}}}
    result = tap(bulk_models=["group"], incremental_models=["ticket"], state=state)
    assert result.states[-1]["bookmarks"]["user"] == state["bookmarks"]["user"]


@pytest.mark.parametrize("url", ["https://agent:canary@example.org", "https://agent:canary@"])
def test_an_address_that_holds_a_login_is_refused_and_not_logged(url, tap):
    result = tap(base_url=url)
    assert result.code == 1
    assert "remove the credentials from it" in result.stderr
    assert "canary" not in result.stderr


def test_a_bookmark_of_null_is_forgotten_and_the_others_stay(tap, zendesk):
    first = tap(bulk_models=[], incremental_models=["organization", "user"])
    state = {"bookmarks": {**first.states[-1]["bookmarks"], "organization": None, "group": None}}
    again = tap(bulk_models=[], incremental_models=["organization", "user"], state=state)
    assert again.code == 0, again.stderr
    assert again.ids("organization") == first.ids("organization")
    assert again.ids("user") == []
    assert again.states[-1]["bookmarks"] == first.states[-1]["bookmarks"]


def test_a_start_later_than_zendesks_clock_is_a_warning_and_ends_nowhere(tap, zendesk):
    start = datetime.now(UTC) - timedelta(hours=1)  # the sandbox's clock is earlier
    result = tap(bulk_models=[], incremental_models=["ticket", "organization"], start_time=start.isoformat())
    assert result.code == 0, result.stderr
    for model in ("ticket", "organization"):
        assert (
            f"{model}: its start, {start:%Y-%m-%d %H:%M:%S}+00:00, is later than Zendesk's clock"
            in result.stderr
        )
    for row in result.records("EXPORT_METADATA"):
        assert (row["export_status"], row["end_time"], row["end_cursor"]) == ("complete", None, None)
    assert not any(result.states[-1]["bookmarks"].values())


def test_nothing_follows_the_sentence_of_a_refused_setting(command):
    """Meltano gives the state before it asks to discover, and has Python's warnings shown."""
    line = command(bulk_models=["nope"], state={"bookmarks": {}}, catalog={"streams": []})
    env = {"PATH": "/usr/bin:/bin", "PYTHONWARNINGS": "once"}
    done = subprocess.run(
        [Path(sys.executable).with_name("tap-zendesk-cityblock"), *line[1:], "--discover"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=env,
    )
    assert done.returncode == 1
    assert "bulk_models: Unknown model 'nope'" in done.stderr.splitlines()[-1]
