"""The skeleton of check commands."""

import json

import pytest
from cityblock_singer.checks import CheckFailed, Finding, check_command
from cityblock_singer.google.checks import look
from click.testing import CliRunner
from google.api_core.exceptions import Forbidden
from google.auth.exceptions import RefreshError

from tests.cityblock_singer.test_plugin import TestPlugin


def failing(error):
    def check():
        raise error

    return check


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (lambda: "exists", Finding("topic t", "exists")),
        (failing(CheckFailed("empty")), Finding("topic t", "empty", "create it")),
        (failing(CheckFailed("in EU", "move it")), Finding("topic t", "in EU", "move it")),
        (failing(Forbidden("secret")), Finding("topic t", "Forbidden (403)", "create it")),
        (
            failing(RefreshError("secret")),
            Finding("topic t", "RefreshError", "check network, endpoint and credentials"),
        ),
    ],
    ids=["fine", "failed", "failed with advice", "refused", "not logged in"],
)
def test_a_look_becomes_a_finding_without_the_services_message(check, expected):
    assert look("topic t", check, "create it") == expected


@pytest.fixture
def checked(tmp_path):
    """Runs the command of these findings with these settings: its exit code and output."""

    def run(*found, **settings):
        path = tmp_path / "config.json"
        path.write_text(json.dumps(settings))
        ran = CliRunner().invoke(
            check_command(TestPlugin, lambda _config: iter(found)), ["--config", str(path)]
        )
        return ran.exit_code, ran.output

    return run


def test_findings_are_printed_and_decide_on_the_exit_code(checked):
    assert checked(Finding("a", "exists"), topic="t") == (0, "ok      a: exists\n")
    assert checked(Finding("a", "exists"), Finding("b", "empty", "fill it"), topic="t") == (
        1,
        "ok      a: exists\nMISSING b: empty\n        → fill it\n",
    )


def test_an_invalid_setting_is_a_finding(checked):
    code, output = checked()
    assert code == 1
    assert output.startswith("MISSING test-plugin: Setting 'topic' is required")
