"""Settings that make no sense, or lead nowhere: one sentence, exit code 1."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from target_bigquery.errors import SettingsError
from target_bigquery.settings import SETTINGS, markdown_table
from target_bigquery.target import TargetBigQuery

from tests.target_bigquery.singer import record, schema, state

SECRET = "hunter2-hunter2"
COMMANDS = [
    ["target-bigquery"],
    ["target-bigquery-check"],
    ["target-bigquery-reload-rejected"],
    ["target-bigquery-legacy-state", "--table", "zendesk.EXPORT_METADATA", "--subdomain", "cityblock"],
]
ENOUGH = {"project": "p", "dataset": "d"}

BAD = {
    "no dataset": (
        {"dataset": "nowhere"},
        "stream ticket: dataset nowhere does not exist in project local-cityblock-data: create it",
    ),
    "no bucket": (
        {"bucket": "nowhere"},
        "stream ticket: bucket nowhere does not exist: create it, or unset bucket",
    ),
    "local without emulator": (
        {"bigquery_emulator_host": ""},
        "environment is local, but bigquery_emulator_host is not set",
    ),
    "local without GCS": (
        {"bucket": "b", "storage_emulator_host": ""},
        "environment is local, but storage_emulator_host is not set",
    ),
    "local that leads out": (
        {"bigquery_emulator_host": "https://bigquery.googleapis.com"},
        "only this machine may be written to",
    ),
    "prod with an emulator": (
        {"environment": "prod"},
        "environment is prod, but bigquery_emulator_host (or BIGQUERY_EMULATOR_HOST) is set",
    ),
    "unknown environment": ({"environment": "test"}, "environment"),
    "no such key file": (
        {"environment": None, "bigquery_emulator_host": "", "credentials_path": "/nowhere.json"},
        "/nowhere.json cannot be read",
    ),
    "no key": (
        {"environment": None, "bigquery_emulator_host": "", "credentials_json": SECRET},
        "credentials_json is no service account key",
    ),
    "two keys": (
        {
            "environment": None,
            "bigquery_emulator_host": "",
            "credentials_json": SECRET,
            "credentials_path": "x",
        },
        "are both set",
    ),
    "a name that is mistyped": ({"batchsize": 5}, "there is no setting batchsize; did you mean batch_size?"),
    "no rows a load job": ({"batch_size": 0}, "0 is less than the minimum of 1 in config['batch_size']"),
    "no load job at a time": (
        {"load_parallelism": 0},
        "0 is less than the minimum of 1 in config['load_parallelism']",
    ),
    "a secret of a wrong type": ({"credentials_json": [SECRET]}, "credentials_json is not of its type"),
}


@pytest.fixture
def way():
    return "uploaded directly"


@pytest.mark.parametrize(("settings", "told"), BAD.values(), ids=BAD)
def test_settings_that_make_no_sense(settings, told, load):
    loaded = load([schema(), record(1), state(1)], **settings)
    assert loaded.code == 1
    last = loaded.stderr.splitlines()[-1]
    assert "CRITICAL" in last
    assert told in last
    assert "Traceback" not in loaded.stderr
    assert SECRET not in loaded.stderr
    assert loaded.states == []


def test_credentials_that_are_nowhere(load, monkeypatch):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")
    loaded = load([schema(), record(1), state(1)], environment=None, bigquery_emulator_host="")
    assert loaded.code == 1
    assert "find no credentials themselves: File /nowhere.json was not found." in loaded.stderr
    assert "Traceback" not in loaded.stderr


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
        "the variable TARGET_BIGQUERY_BATCH_SIZE holds no whole number",
        TARGET_BIGQUERY_BATCH_SIZE=SECRET,
    )


@pytest.mark.parametrize("number", [0, -1, 1.5, "10", True])
@pytest.mark.parametrize(
    "setting",
    [name for name, schema in SETTINGS.to_dict()["properties"].items() if "integer" in schema["type"]],
)
def test_a_number_that_makes_no_sense_is_refused_by_its_settings_name(setting, number):
    with pytest.raises(SettingsError, match=rf"^[^;]* in config\['{setting}'\]$"):
        TargetBigQuery(config={**ENOUGH, setting: number})


MISSPELT = {
    "batch_sizes": "there is no setting batch_sizes; did you mean batch_size?",
    "batch_size_rows": "there is no setting batch_size_rows; did you mean batch_size?",
    "stream_map": "there is no setting stream_map; did you mean stream_maps?",
    "colour": "there is no setting colour; known: environment, project, dataset",
}


@pytest.mark.parametrize(("setting", "told"), MISSPELT.items(), ids=MISSPELT)
def test_a_name_that_is_no_setting_is_refused(setting, told):
    with pytest.raises(SettingsError) as refused:
        TargetBigQuery(config={**ENOUGH, setting: SECRET})
    assert str(refused.value).startswith(told)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("method", ["upsert", "overwrite"])
def test_rows_are_appended_or_the_run_is_refused(method):
    with pytest.raises(SettingsError, match=rf"^'{method}' is not one of .* in config\['load_method'\]$"):
        TargetBigQuery(config={**ENOUGH, "load_method": method})


def test_the_settings_table_has_every_setting():
    table = markdown_table()
    assert all(f"| `{name}` |" in table for name in SETTINGS.to_dict()["properties"])
