"""Settings as functions: files, environment variables, misspelled names, invalid values."""

import pytest
from cityblock_singer.errors import SettingsError
from cityblock_singer.json_files import read_object
from cityblock_singer.settings import check, from_environment, unknown
from singer_sdk import typing as th

SECRET = "hunter2-hunter2"
SCHEMA = th.PropertiesList(
    th.Property("topic", th.StringType, required=True),
    th.Property("environment", th.StringType, allowed_values=["local", "prod"]),
    th.Property("batch_size", th.IntegerType(minimum=1)),
    th.Property("share", th.NumberType(minimum=0, maximum=1)),
    th.Property("is_dry", th.BooleanType),
    th.Property("models", th.ArrayType(th.StringType)),
    th.Property("limits", th.ObjectType(additional_properties=th.IntegerType(minimum=1))),
    th.Property("token", th.StringType, secret=True),
).to_dict()


BAD_FILES = {
    "no such file": (None, r"cannot read {} \(No such file or directory\)"),
    "cut short": (f'{{"token": "{SECRET}"'.encode(), "{} is not valid JSON"),
    "not even text": (b"\xff\xfe\xfa", "{} is not valid JSON"),
    "a list": (f'["{SECRET}"]'.encode(), "{} is not a JSON object"),
}


@pytest.mark.parametrize(("content", "message"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_missing_or_broken_file_is_named(content, message, tmp_path):
    path = tmp_path / "settings.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=f"^--config: {message.format(path)}$"):
        read_object(path, "--config")


INVALID = {
    "not allowed": (
        {"environment": "test"},
        r"'test' is not one of \['local', 'prod'\] in config\['environment'\]",
    ),
    "too small": ({"batch_size": 0}, r"0 is less than the minimum of 1 in config\['batch_size'\]"),
    "nested": ({"limits": {"account": 0}}, r"0 is less than .* in config\['limits'\]\['account'\]"),
    "a secret of a wrong type": ({"token": [SECRET]}, "token has an invalid value"),
    "misspelled": ({"batchsize": SECRET}, "Unknown setting 'batchsize'. Did you mean 'batch_size'\\?"),
    "unknown": ({"colour": SECRET}, "Unknown setting 'colour'. Known: topic, environment, .*"),
    "two at once": (
        {"batch_size": 0, "tokens": SECRET},
        r"0 is .*; Unknown setting 'tokens'. Did you mean 'token'\?",
    ),
}


@pytest.mark.parametrize(("settings", "message"), INVALID.values(), ids=INVALID)
def test_an_invalid_setting_is_named_and_no_secret_is_quoted(settings, message):
    with pytest.raises(SettingsError, match=rf"^{message}$") as refused:
        check({"topic": "t", **settings}, SCHEMA)
    assert SECRET not in str(refused.value)


def test_a_missing_setting_is_named():
    with pytest.raises(SettingsError, match=r"^Setting 'topic' is required \(with Meltano, .*\)$"):
        check({"batch_size": 1}, SCHEMA)


def test_valid_settings_are_accepted():
    check({"topic": "t", "environment": "local", "batch_size": 1, "share": 0.5, "limits": {"x": 1}}, SCHEMA)


def test_variables_are_read_by_their_types(monkeypatch):
    given = {
        "TOPIC": "7",
        "BATCH_SIZE": "7",
        "SHARE": "0.2",
        "IS_DRY": "true",
        "MODELS": '["a"]',
        "LIMITS": '{"x": 1}',
    }
    for name, value in given.items():
        monkeypatch.setenv(f"PLUGIN_{name}", value)
    assert from_environment(SCHEMA, "PLUGIN_") == {
        "topic": "7",
        "batch_size": 7,
        "share": 0.2,
        "is_dry": True,
        "models": ["a"],
        "limits": {"x": 1},
    }


@pytest.mark.parametrize(
    ("name", "kind"), [("BATCH_SIZE", "an integer"), ("SHARE", "a number"), ("LIMITS", "valid JSON")]
)
def test_a_variable_of_a_wrong_type_is_named(name, kind, monkeypatch):
    monkeypatch.setenv(f"PLUGIN_{name}", SECRET)
    with pytest.raises(SettingsError, match=f"^Environment variable PLUGIN_{name} is not {kind}$"):
        from_environment(SCHEMA, "PLUGIN_")


def test_a_name_is_suggested_only_where_one_is_near():
    assert unknown("model", "grup", ["group", "user"]) == "Unknown model 'grup'. Did you mean 'group'?"
    assert unknown("model", "x", ["group", "user"]) == "Unknown model 'x'. Known: group, user"
