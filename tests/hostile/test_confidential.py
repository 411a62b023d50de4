"""Logs at the lowest level: nothing of an account's tickets and users, of its odd ones, and no credential."""

import json
import os

import pytest

from sandbox.addresses import PROJECT
from tests.hostile.mutations import CANARY
from tests.proof.checks import personal_texts
from tests.tap.conftest import CREDENTIALS, command, tap, zendesk  # noqa: F401 - fixtures

TOKEN = "sandbox-access"


@pytest.fixture
def odd_ticket(zendesk):  # noqa: F811
    """One that the loader rejects, and one whose text it repairs."""
    texts = {"description": f"{CANARY} description", "recipient": f"{CANARY}@example.org"}
    zendesk.put(
        "ticket",
        {"id": 10**7, **texts, "subject": {"text": CANARY}},
        {"id": 10**7 + 1, **texts, "hue": CANARY},
    )


@pytest.mark.usefixtures("odd_ticket")
def test_not_even_debug_lines_have_content_or_credentials(
    tap,  # noqa: F811
    zendesk,  # noqa: F811
    commands,
    warehouse,
    dataset,
    tmp_path,
):
    models = {"bulk_models": ["group"], "incremental_models": ["ticket", "user", "organization"]}
    exported = tap(**models, env={"TAP_ZENDESK_CITYBLOCK_LOGLEVEL": "debug"})
    assert exported.code == 0, exported.stderr[-2000:]
    config = tmp_path / "loader.json"
    url = warehouse.addresses.bigquery_url
    settings = {"environment": "local", "project": PROJECT, "dataset": dataset, "bigquery_emulator_host": url}
    config.write_text(json.dumps(settings))
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_EMULATOR_HOST")}
    loaded = commands.run(
        *("target-bigquery", "--config", config),
        given=exported.stdout.encode(),
        env={**environment, "TARGET_BIGQUERY_LOGLEVEL": "debug"},
    )
    assert loaded.returncode == 0, loaded.stderr[-2000:]
    assert "rejected: column subject" in loaded.stderr
    for log in (exported.stderr, loaded.stderr):
        assert "| DEBUG" in log
        for secret in (CANARY, CREDENTIALS["client_secret"], TOKEN):
            assert secret not in log
        assert not [text for text in personal_texts(zendesk) if text in log]
