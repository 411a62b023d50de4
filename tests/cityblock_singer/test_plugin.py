"""How a command ends, and where its settings come from."""

import json
import logging

import pytest
from cityblock_singer.errors import PluginError, SettingsError
from cityblock_singer.plugin import Plugin, run
from singer_sdk import typing as th
from singer_sdk.exceptions import MapExpressionError

SECRET = "hunter2-hunter2"
LOGGER = logging.getLogger("test-plugin")


class TestPlugin(Plugin):
    """The least that the SDK makes a plugin of."""

    __test__ = False
    name = "test-plugin"
    config_jsonschema = th.PropertiesList(
        th.Property("topic", th.StringType, required=True),
        th.Property("batch_size", th.IntegerType(minimum=1), default=5),
    ).to_dict()
    retired_settings = {"method": "append"}  # noqa: RUF012 - as plugins have it


class PartialError(PluginError):
    exit_code = 3


def raising(error):
    def command():
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (SettingsError("topic: x"), 1, "topic: x"),
        (PartialError("two models are missing"), 3, "two models are missing"),
        (MapExpressionError("id + ' is not an expression"), 1, "stream_maps: id + ' is not an expression"),
    ],
    ids=["a setting", "with an exit code of its own", "a stream map"],
)
def test_an_expected_error_is_one_line_and_its_exit_code(error, code, message, caplog):
    with pytest.raises(SystemExit) as left:
        run(raising(error), LOGGER)
    assert left.value.code == code
    assert caplog.messages == [message]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError(SECRET), "Unexpected error (message redacted): ValueError\n"),
        (OSError(28, "No space left on device", SECRET), "OSError (No space left on device)\n"),
    ],
    ids=["any", "of the system"],
)
def test_an_unexpected_error_is_logged_by_type_and_place_and_not_by_its_message(error, message, caplog):
    with pytest.raises(SystemExit) as left:
        run(raising(error), LOGGER)
    assert left.value.code == 1
    [logged] = caplog.messages
    assert message in logged
    assert "test_plugin.py" in logged
    assert SECRET not in logged


def test_a_command_that_succeeds_does_not_leave():
    run(lambda: None, LOGGER)


def test_settings_come_from_a_file_or_the_environment(tmp_path, monkeypatch):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"topic": "a", "batch_size": None}))
    assert TestPlugin.configured(str(path)).config == {"topic": "a", "batch_size": 5}
    monkeypatch.setenv("TEST_PLUGIN_TOPIC", "b")
    monkeypatch.setenv("TEST_PLUGIN_BATCH_SIZE", "7")
    assert TestPlugin.configured("ENV").config == {"topic": "b", "batch_size": 7}


def test_later_files_win_and_the_environment_is_asked_for_by_its_name(tmp_path):
    for name, topic in (("first", "a"), ("second", "b")):
        (tmp_path / name).write_text(json.dumps({"topic": topic}))
    given = TestPlugin.cb_config(None, None, (str(tmp_path / "first"), str(tmp_path / "second"), "ENV"))
    assert (given.config, given.parse_env) == ({"topic": "b"}, True)


def test_a_retired_setting_is_ignored_only_with_its_former_value():
    assert "method" not in TestPlugin(config={"topic": "a", "method": "append"}).config
    with pytest.raises(SettingsError, match=r"^Unknown setting 'method'\. "):
        TestPlugin(config={"topic": "a", "method": "upsert"})
