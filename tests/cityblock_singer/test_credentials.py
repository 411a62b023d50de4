"""Google credentials of the settings, or of this machine."""

import pytest
from cityblock_singer.errors import SettingsError
from cityblock_singer.google.clients import credentials

SECRET = "hunter2-hunter2"
BAD = {
    "no such key file": (
        {"credentials_path": "/nowhere.json"},
        r"credentials_path: cannot read /nowhere.json \(No .*\)",
    ),
    "no key": ({"credentials_json": SECRET}, "credentials_json is not a service account key"),
    "two keys": (
        {"credentials_json": SECRET, "credentials_path": "x"},
        "credentials_path and credentials_json are both set: choose one",
    ),
}


@pytest.mark.parametrize(("config", "message"), BAD.values(), ids=BAD)
def test_invalid_credentials_are_named_and_not_quoted(config, message):
    with pytest.raises(SettingsError, match=f"^{message}$"):
        credentials(config)


def test_missing_default_credentials_are_reported(monkeypatch):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")
    with pytest.raises(
        SettingsError, match=r"found no default credentials: File /nowhere\.json was not found\.$"
    ):
        credentials({})
