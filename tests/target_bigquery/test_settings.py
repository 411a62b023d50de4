"""Settings that make no sense, or lead nowhere: one sentence, exit code 1."""

import pytest
from target_bigquery.settings import SETTINGS, markdown_table

from tests.target_bigquery.singer import record, schema, state

SECRET = "hunter2-hunter2"

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
    assert told in loaded.stderr
    assert "Traceback" not in loaded.stderr
    assert SECRET not in loaded.stderr
    assert loaded.states == []


def test_credentials_that_are_nowhere(load, monkeypatch):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")
    loaded = load([schema(), record(1), state(1)], environment=None, bigquery_emulator_host="")
    assert loaded.code == 1
    assert "find no credentials themselves: File /nowhere.json was not found." in loaded.stderr
    assert "Traceback" not in loaded.stderr


def test_the_settings_table_has_every_setting():
    table = markdown_table()
    assert all(f"| `{name}` |" in table for name in SETTINGS.to_dict()["properties"])
