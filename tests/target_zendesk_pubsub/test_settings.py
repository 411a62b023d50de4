"""Settings that make no sense, or lead nowhere: one sentence, exit code 1, nothing published."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from target_zendesk_pubsub.errors import SettingsError
from target_zendesk_pubsub.settings import SETTINGS, emulator, markdown_table
from target_zendesk_pubsub.target import TargetZendeskPubSub

from tests.target_zendesk_pubsub.tickets import schema, state, ticket

SECRET = "hunter2-hunter2"
COMMANDS = [
    ["target-zendesk-pubsub"],
    ["target-zendesk-pubsub-check"],
    ["target-zendesk-pubsub-replay", "--ticket", "1"],
]
ENOUGH = {"environment": "staging", "project": "p", "topic": "topic"}
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


BAD_FILES = {
    "no such file": (None, "cannot be read (No such file or directory)"),
    "cut short": (f'{{"credentials_json": "{SECRET}"', "is not JSON"),
    "not even text": (b"\xff\xfe\xfa", "is not JSON"),
    "a list": (f'["{SECRET}"]', "holds no JSON object"),
}


def located(command):
    name, *arguments = command
    return [Path(sys.executable).with_name(name), *arguments]


def is_one_sentence(command, told, **environment):
    """Whatever is asked for besides --config."""
    ran = subprocess.run(
        command, env={**os.environ, **environment}, input=b"", capture_output=True, timeout=60, check=False
    )
    output = (ran.stdout + ran.stderr).decode()
    assert ran.returncode == 1
    assert told in output
    assert "Traceback" not in output
    assert SECRET not in output


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize(("content", "told"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_settings_file_that_is_missing_or_broken_is_named(command, content, told, tmp_path):
    path = tmp_path / "settings.json"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    is_one_sentence([*located(command), "--config", path], f"--config: {path} {told}")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_variable_that_holds_no_number_is_named(command):
    is_one_sentence(
        [*located(command), "--config", "ENV"],
        "the variable TARGET_ZENDESK_PUBSUB_BATCH_SIZE holds no whole number",
        TARGET_ZENDESK_PUBSUB_BATCH_SIZE=SECRET,
    )


def test_a_share_may_come_from_the_environment(monkeypatch):
    for name, value in {**ENOUGH, "max_rejected_share": "0.2"}.items():
        monkeypatch.setenv(f"TARGET_ZENDESK_PUBSUB_{name.upper()}", value)
    assert TargetZendeskPubSub(parse_env_config=True).config["max_rejected_share"] == 0.2
    monkeypatch.setenv("TARGET_ZENDESK_PUBSUB_MAX_REJECTED_SHARE", SECRET)
    with pytest.raises(SettingsError, match=r"MAX_REJECTED_SHARE holds no number$"):
        TargetZendeskPubSub(parse_env_config=True)


@pytest.mark.parametrize("share", [-0.1, 1.1, "0.2", True])
def test_a_share_that_makes_no_sense_is_refused_by_its_settings_name(share):
    with pytest.raises(SettingsError, match=r"in config\['max_rejected_share'\]$"):
        TargetZendeskPubSub(config={**ENOUGH, "max_rejected_share": share})


@pytest.mark.parametrize("number", [0, -1, 1.5, "10", True])
@pytest.mark.parametrize(
    "setting",
    [name for name, schema in SETTINGS.to_dict()["properties"].items() if "integer" in schema["type"]],
)
def test_a_number_that_makes_no_sense_is_refused_by_its_settings_name(setting, number):
    with pytest.raises(SettingsError, match=rf"^[^;]* in config\['{setting}'\]$"):
        TargetZendeskPubSub(config={**ENOUGH, setting: number})


MISSPELT = {
    "batch_sizes": "there is no setting batch_sizes; did you mean batch_size?",
    "message_dataset": "there is no setting message_dataset; did you mean messages_dataset?",
    "stream_maps": "there is no setting stream_maps; known: environment, project, dataset",
}


@pytest.mark.parametrize(("setting", "told"), MISSPELT.items(), ids=MISSPELT)
def test_a_name_that_is_no_setting_is_refused(setting, told):
    with pytest.raises(SettingsError) as refused:
        TargetZendeskPubSub(config={**ENOUGH, setting: SECRET})
    assert str(refused.value).startswith(told)
    assert SECRET not in str(refused.value)


def test_the_settings_table_has_every_setting():
    table = markdown_table()
    assert all(f"| `{name}` |" in table for name in SETTINGS.to_dict()["properties"])
