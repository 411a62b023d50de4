"""Settings that make no sense, or lead nowhere: one sentence, exit code 1, nothing published."""

import pytest
from target_zendesk_pubsub.errors import SettingsError
from target_zendesk_pubsub.settings import SETTINGS, emulator, markdown_table

from tests.target_zendesk_pubsub.tickets import schema, state, ticket

SECRET = "hunter2-hunter2"
GOOGLE = {"environment": "staging", "bigquery_emulator_host": "", "pubsub_emulator_host": ""}

BAD = {
    "no topic": ({"topic": None}, "'topic' is a required property"),
    "no environment": ({"environment": None}, "'environment' is a required property"),
    "unknown environment": ({"environment": "test"}, "'test' is not one of ['local', 'staging', 'prod']"),
    "a dataset that is SQL": ({"dataset": "zendesk.x; DROP"}, "does not match"),
    "a topic by its whole name": ({"topic": "projects/p/topics/zendeskTicket"}, "does not match"),
    "local without BigQuery": (
        {"bigquery_emulator_host": ""},
        "environment is local, but bigquery_emulator_host is not set",
    ),
    "local without Pub/Sub": (
        {"pubsub_emulator_host": ""},
        "environment is local, but pubsub_emulator_host is not set",
    ),
    "local that leads out to BigQuery": (
        {"bigquery_emulator_host": "https://bigquery.googleapis.com"},
        "bigquery_emulator_host leads to https://bigquery.googleapis.com: only this machine may be written to",
    ),
    "local that leads out to Pub/Sub": (
        {"pubsub_emulator_host": "pubsub.googleapis.com:443"},
        "pubsub_emulator_host leads to pubsub.googleapis.com:443: only this machine may be written to",
    ),
    "a name that only begins like loopback": (
        {"pubsub_emulator_host": "localhost.example.org:8085"},
        "pubsub_emulator_host leads to localhost.example.org:8085: only this machine may be written to",
    ),
    "staging with an emulator of BigQuery": (
        {"environment": "staging", "pubsub_emulator_host": ""},
        "environment is staging, but bigquery_emulator_host (or BIGQUERY_EMULATOR_HOST) is set: remove it",
    ),
    "no such key file": ({**GOOGLE, "credentials_path": "/nowhere.json"}, "/nowhere.json cannot be read"),
    "no key": ({**GOOGLE, "credentials_json": SECRET}, "credentials_json is no service account key"),
    "two keys": (
        {**GOOGLE, "credentials_json": SECRET, "credentials_path": "x"},
        "credentials_path and credentials_json are both set: choose one",
    ),
    "a name that is mistyped": ({"batchsize": 5}, "there is no setting batchsize; did you mean batch_size?"),
    "no tickets a batch": ({"batch_size": 0}, "0 is less than the minimum of 1 in config['batch_size']"),
    "a secret of a wrong type": ({"credentials_json": [SECRET]}, "credentials_json is not of its type"),
}


@pytest.mark.parametrize(("settings", "told"), BAD.values(), ids=BAD)
def test_settings_that_make_no_sense(settings, told, publish, commons):
    ran = publish([schema(), ticket(1), state(1)], **settings)
    assert ran.code == 1
    assert told in ran.stderr
    assert ran.stderr.count("CRITICAL") == 1
    assert "Traceback" not in ran.stderr
    assert SECRET not in ran.stderr
    assert ran.states == []
    assert commons.receive() == []


def test_credentials_that_are_nowhere(publish, monkeypatch):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")
    ran = publish([schema(), ticket(1), state(1)], **GOOGLE)
    assert ran.code == 1
    assert "find no credentials themselves: File /nowhere.json was not found." in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("setting", ["bigquery_emulator_host", "pubsub_emulator_host"])
def test_an_emulator_is_for_local_alone(setting):
    variable = {setting.upper(): "127.0.0.1:1"}
    assert emulator({"environment": "local", setting: "127.0.0.1:1"}, setting, {}) == "127.0.0.1:1"
    assert emulator({"environment": "local"}, setting, variable) == "127.0.0.1:1"
    for config, environ in (({setting: "127.0.0.1:1"}, {}), ({}, variable)):
        with pytest.raises(SettingsError, match=r"environment is prod, but .* is set: remove it"):
            emulator({"environment": "prod", **config}, setting, environ)


def test_the_pubsub_emulator_of_the_environment_wins():
    config = {"environment": "local", "pubsub_emulator_host": "127.0.0.1:1"}
    assert emulator(config, "pubsub_emulator_host", {"PUBSUB_EMULATOR_HOST": "127.0.0.1:2"}) == "127.0.0.1:2"


def test_the_settings_table_has_every_setting():
    table = markdown_table()
    assert all(f"| `{name}` |" in table for name in SETTINGS.to_dict()["properties"])
