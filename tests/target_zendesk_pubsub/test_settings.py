"""Invalid settings: one sentence, exit code 1, nothing published."""

import pytest
from cityblock_singer.errors import SettingsError
from target_zendesk_pubsub.settings import SETTINGS, publisher_client
from target_zendesk_pubsub.target import TargetZendeskPubSub

from tests.target_zendesk_pubsub.tickets import schema, state, ticket

SECRET = "hunter2-hunter2"
ENOUGH = {"environment": "staging", "project": "p", "topic": "topic"}

BAD = {
    "no topic": ({"topic": None}, "Setting 'topic' is required"),
    "local without BigQuery": (
        {"bigquery_emulator_host": ""},
        "environment is local, but bigquery_emulator_host is not set",
    ),
    "local without Pub/Sub": (
        {"pubsub_emulator_host": ""},
        "environment is local, but pubsub_emulator_host is not set",
    ),
}


@pytest.mark.parametrize(("settings", "message"), BAD.values(), ids=BAD)
def test_invalid_settings_end_the_run_with_one_sentence(settings, message, publish, commons):
    ran = publish([schema(), ticket(1), state(1)], **settings)
    assert ran.code == 1
    assert message in ran.stderr
    assert ran.stderr.count("CRITICAL") == 1
    assert "Traceback" not in ran.stderr
    assert ran.states == []
    assert commons.receive() == []


def test_the_pubsub_emulator_of_the_environment_takes_precedence(monkeypatch):
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "pubsub.googleapis.com:443")
    config = {"environment": "local", "pubsub_emulator_host": "127.0.0.1:1"}
    with pytest.raises(SettingsError, match=r"pubsub_emulator_host is pubsub\.googleapis\.com:443: "):
        publisher_client(config)


@pytest.mark.parametrize("number", [0, -1, 1.5, "10", True])
@pytest.mark.parametrize(
    "setting",
    [name for name, schema in SETTINGS.to_dict()["properties"].items() if "integer" in schema["type"]],
)
def test_an_invalid_number_is_refused_with_the_settings_name(setting, number):
    with pytest.raises(SettingsError, match=rf"^[^;]* in config\['{setting}'\]$"):
        TargetZendeskPubSub(config={**ENOUGH, setting: number})


@pytest.mark.parametrize("share", [-0.1, 1.1, "0.2", True])
def test_an_invalid_share_is_refused_with_the_settings_name(share):
    with pytest.raises(SettingsError, match=r"in config\['max_rejected_share'\]$"):
        TargetZendeskPubSub(config={**ENOUGH, "max_rejected_share": share})


INVALID = {
    "no such environment": (
        {"environment": "test"},
        r"^'test' is not one of \['local', 'staging', 'prod'\] in config\['environment'\]$",
    ),
    "no environment": ({"environment": None}, "^Setting 'environment' is required"),
    "a dataset that is SQL": ({"dataset": "zendesk.x; DROP"}, r"does not match .* in config\['dataset'\]$"),
    "a topic by its whole name": (
        {"topic": "projects/p/topics/zendeskTicket"},
        r"does not match .* in config\['topic'\]$",
    ),
    "a secret of a wrong type": ({"credentials_json": [SECRET]}, "^credentials_json has an invalid value$"),
    "a misspelled name": (
        {"message_dataset": SECRET},
        r"^Unknown setting 'message_dataset'\. Did you mean 'messages_dataset'\?$",
    ),
    "of the SDK, which would do nothing": (
        {"stream_maps": {}},
        r"^Unknown setting 'stream_maps'\. Known: environment, ",
    ),
}


@pytest.mark.parametrize(("settings", "message"), INVALID.values(), ids=INVALID)
def test_an_invalid_setting_is_refused(settings, message):
    with pytest.raises(SettingsError, match=message):
        TargetZendeskPubSub(config={**ENOUGH, **settings})
