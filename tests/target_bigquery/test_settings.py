"""Invalid settings, and names that lead nowhere: one sentence, exit code 1, nothing loaded."""

import pytest
from cityblock_singer.errors import SettingsError
from target_bigquery.settings import SETTINGS, bucket
from target_bigquery.target import TargetBigQuery

from tests.target_bigquery.singer import record, schema, state

SECRET = "hunter2-hunter2"
ENOUGH = {"project": "p", "dataset": "d"}

BAD = {
    "no dataset": (
        {"dataset": "nowhere"},
        "Stream ticket: Dataset nowhere does not exist in project local-cityblock-data: create it",
    ),
    "no bucket": (
        {"bucket": "nowhere"},
        "Stream ticket: Bucket nowhere does not exist: create it, or unset bucket",
    ),
    "local without emulator": (
        {"bigquery_emulator_host": ""},
        "environment is local, but bigquery_emulator_host is not set",
    ),
    "a misspelled name": ({"batchsize": SECRET}, "Unknown setting 'batchsize'. Did you mean 'batch_size'?"),
}


@pytest.fixture
def way():
    return "uploaded directly"


@pytest.mark.parametrize(("settings", "message"), BAD.values(), ids=BAD)
def test_invalid_settings_end_the_run_with_one_sentence(settings, message, load):
    loaded = load([schema(), record(1), state(1)], **settings)
    assert loaded.code == 1
    last = loaded.stderr.splitlines()[-1]
    assert "CRITICAL" in last
    assert message in last
    assert "Traceback" not in loaded.stderr
    assert SECRET not in loaded.stderr
    assert loaded.states == []


@pytest.mark.parametrize("number", [0, -1, 1.5, "10", True])
@pytest.mark.parametrize(
    "setting",
    [name for name, schema in SETTINGS.to_dict()["properties"].items() if "integer" in schema["type"]],
)
def test_an_invalid_number_is_refused_with_the_settings_name(setting, number):
    with pytest.raises(SettingsError, match=rf"^[^;]* in config\['{setting}'\]$"):
        TargetBigQuery(config={**ENOUGH, setting: number})


INVALID = {
    "no such environment": ({"environment": "test"}, r"^'test' is not one of .* in config\['environment'\]$"),
    "a secret of a wrong type": ({"credentials_json": [SECRET]}, "^credentials_json has an invalid value$"),
    "of the SDK, which would do nothing": (
        {"batch_size_rows": 5},
        r"^Unknown setting 'batch_size_rows'\. Did you mean 'batch_size'\?$",
    ),
    "near one of the SDK": (
        {"stream_map": {}},
        r"^Unknown setting 'stream_map'\. Did you mean 'stream_maps'\?$",
    ),
    "a retired one, with a value that would do something": (
        {"load_method": "upsert", "validate_records": True},
        r"^Unknown setting 'load_method'\. .*; Unknown setting 'validate_records'\. ",
    ),
}


@pytest.mark.parametrize(("settings", "message"), INVALID.values(), ids=INVALID)
def test_an_invalid_setting_is_refused(settings, message):
    with pytest.raises(SettingsError, match=message):
        TargetBigQuery(config={**ENOUGH, **settings})


def test_retired_settings_are_ignored_with_the_value_that_they_had():
    former = {"load_method": "append-only", "validate_records": False}
    assert not former.keys() & TargetBigQuery(config={**ENOUGH, **former}).config.keys()


def test_staging_in_gcs_needs_its_emulator_in_local():
    with pytest.raises(SettingsError, match=r"^environment is local, but storage_emulator_host is not set: "):
        bucket({**ENOUGH, "environment": "local", "bucket": "b", "storage_emulator_host": ""})
