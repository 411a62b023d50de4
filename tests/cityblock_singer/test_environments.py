"""Which addresses an environment may reach."""

import pytest
from cityblock_singer.environments import emulator
from cityblock_singer.errors import SettingsError

SETTINGS = ["bigquery_emulator_host", "storage_emulator_host", "pubsub_emulator_host"]


@pytest.mark.parametrize("setting", SETTINGS)
def test_only_local_uses_an_emulator(setting):
    variable = {setting.upper(): "127.0.0.1:1"}
    assert emulator({"environment": "local", setting: "127.0.0.1:1"}, setting, {}) == "127.0.0.1:1"
    assert emulator({"environment": "local"}, setting, variable) == "127.0.0.1:1"
    assert emulator({"environment": "prod"}, setting, {}) is None
    assert emulator({}, setting, variable) == "127.0.0.1:1"
    for config, environ in (({setting: "127.0.0.1:1"}, {}), ({}, variable)):
        with pytest.raises(
            SettingsError, match=rf"^environment is prod, but {setting} \(or .*\) is set: remove it$"
        ):
            emulator({"environment": "prod", **config}, setting, environ)


def test_local_needs_one():
    with pytest.raises(
        SettingsError, match=r"^environment is local, but bigquery_emulator_host is not set: "
    ):
        emulator({"environment": "local", "bigquery_emulator_host": ""}, "bigquery_emulator_host", {})


@pytest.mark.parametrize(
    "address",
    ["https://bigquery.googleapis.com", "pubsub.googleapis.com:443", "localhost.example.org:8085"],
)
def test_local_reaches_only_this_machine(address):
    config = {"environment": "local", "pubsub_emulator_host": address}
    with pytest.raises(SettingsError, match=rf"is {address}: local runs may reach only this machine$"):
        emulator(config, "pubsub_emulator_host", {})


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "localhost:1", "http://[::1]:1"])
def test_loopback_has_three_names(address):
    config = {"environment": "local", "pubsub_emulator_host": address}
    assert emulator(config, "pubsub_emulator_host", {}) == address


def test_the_setting_takes_precedence_unless_the_variable_is_preferred():
    config, environ = (
        {"pubsub_emulator_host": "127.0.0.1:1"},
        {"PUBSUB_EMULATOR_HOST": "127.0.0.1:2"},
    )
    assert emulator(config, "pubsub_emulator_host", environ) == "127.0.0.1:1"
    assert emulator(config, "pubsub_emulator_host", environ, is_environ_preferred=True) == "127.0.0.1:2"
