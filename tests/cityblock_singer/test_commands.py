"""Every command of the plugins, as a process: a broken settings file or variable is one sentence that names it."""

import os
from importlib.metadata import entry_points
from pathlib import Path

import pytest

SECRET = "hunter2-hunter2"
NUMBERS = {
    "tap-zendesk-cityblock": "PAGE_SIZE",
    "target-bigquery": "BATCH_SIZE",
    "target-zendesk-pubsub": "BATCH_SIZE",
    "zendesk-erasure": "TIMEOUT",
    "zendesk-reconciliation": "TIMEOUT",
}
"""A setting of each plugin that is an integer."""
NEEDED = {
    "target-bigquery-state-from-export-metadata": (
        "--table",
        "zendesk.EXPORT_METADATA",
        "--subdomain",
        "cityblock",
    ),
    "target-bigquery-record-unsaved-state": ("--job", "tap-to-bigquery", "--error", "cursors were not saved"),
    "target-zendesk-pubsub-replay": ("--ticket", "1"),
    "zendesk-erasure": ("erase", "--ticket", "1"),
}
"""Options without which a command does not come to its settings."""
CODES = {"zendesk-reconciliation": 2}
"""Exit codes other than 1, which stands for differences there."""
COMMANDS = sorted(
    {entry.name for entry in entry_points(group="console_scripts") if entry.name.startswith((*NUMBERS,))}
)


def plugin_of(command):
    return next(plugin for plugin in NUMBERS if command.startswith(plugin))


def is_one_sentence(ran, message):
    output = ran.stdout + ran.stderr
    assert ran.returncode == CODES.get(Path(ran.args[0]).name, 1)
    assert message in output
    assert "Traceback" not in output
    assert SECRET not in output


@pytest.mark.processes
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_reports_a_broken_settings_file(command, commands, tmp_path):
    path = tmp_path / "settings.json"
    path.write_text(f'{{"secret": "{SECRET}"')
    ran = commands.run(command, *NEEDED.get(command, ()), "--config", path)
    is_one_sentence(ran, f"--config: {path} is not valid JSON")


@pytest.mark.processes
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_reports_an_invalid_variable(command, commands):
    plugin = plugin_of(command)
    variable = f"{plugin.upper().replace('-', '_')}_{NUMBERS[plugin]}"
    ran = commands.run(
        command, *NEEDED.get(command, ()), "--config", "ENV", env={**os.environ, variable: SECRET}
    )
    is_one_sentence(ran, f"Environment variable {variable} is not an integer")
