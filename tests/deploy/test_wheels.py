"""The plugins' wheels without this repository: a Meltano project elsewhere, as their READMEs describe it."""

import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
import yaml

from sandbox.addresses import PROJECT as PROJECT_ID
from sandbox.addresses import TOPIC, TOPIC_PROJECT, Addresses
from sandbox.servers import Size, sandbox

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]
MELTANO = ROOT / ".venvs" / "meltano" / "bin" / "meltano"
PLUGINS = ("tap-zendesk-cityblock", "target-bigquery", "target-zendesk-pubsub")
SHARED, ERASURE, RECONCILIATION = "cityblock-singer", "zendesk-erasure", "zendesk-reconciliation"
UTILITIES = (ERASURE, RECONCILIATION)
CONTRACT = ("asyncapi.json", "ticket-attributes.schema.json", "ticket-message.schema.json")
SETTINGS = {
    "tap-zendesk-cityblock": {
        "subdomain": "cityblock-local",
        "client_id": "sandbox",
        "client_secret": "sandbox-secret",
    },
    "target-bigquery": {"project": PROJECT_ID, "dataset": "zendesk"},
    "target-zendesk-pubsub": {"project": PROJECT_ID, "topic": TOPIC, "topic_project": TOPIC_PROJECT},
    "zendesk-erasure": {"project": PROJECT_ID},
    "zendesk-reconciliation": {"project": PROJECT_ID, "subdomain": "cityblock-local"},
}
USER_LATEST = "CREATE VIEW zendesk.user_latest AS SELECT DISTINCT id FROM zendesk.user"
DIRECTORY = """
CREATE VIEW zendesk.zendesk_user_directory AS
SELECT DISTINCT id AS zendesk_user_id, CAST(id AS STRING) AS internal_id, 'user' AS kind FROM zendesk.user
"""


@pytest.fixture(scope="module")
def wheels():
    """Package → its wheel."""
    if "WHEELS" not in os.environ:
        pytest.skip("no wheels are built: `make test-wheels` does")
    folder = (ROOT / os.environ["WHEELS"]).resolve()
    return {
        name: next(folder.glob(f"{name.replace('-', '_')}-*.whl")) for name in (SHARED, *PLUGINS, *UTILITIES)
    }


def documented(plugin):
    """The plugin's part of meltano.yml, out of its README."""
    [block] = re.findall(
        r"^```yaml\n(.*?)^```", (ROOT / plugin / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )
    [(kind, [definition])] = yaml.safe_load(block)["plugins"].items()
    return kind, definition


@pytest.fixture(scope="module")
def elsewhere(wheels, tmp_path_factory):
    """A Meltano project of wheels, installed, beside a sandbox: its `meltano`, and the warehouse."""
    home = tmp_path_factory.mktemp("elsewhere")
    plugins = {}
    for wheel in wheels.values():
        shutil.copy(wheel, home)
    for name in (*PLUGINS, *UTILITIES):
        kind, definition = documented(name)
        needed = (SHARED, *PLUGINS, name) if name in UTILITIES else (SHARED, name)
        files = " ".join(f"./{wheels[one].name}" for one in needed)
        assert definition["pip_url"] == f"{files} -c constraints.txt"
        definition["config"] = {**SETTINGS[name], "environment": "local"}
        plugins.setdefault(kind, []).append(definition)
    shutil.copy(next(iter(wheels.values())).with_name("constraints.txt"), home)
    project = {
        "default_environment": "local",
        "environments": [{"name": "local"}],
        "send_anonymous_usage_stats": False,
        "plugins": plugins,
    }
    (home / "meltano.yml").write_text(yaml.safe_dump(project, sort_keys=False))
    with sandbox(Addresses.free(), home / "sandbox", Size(tickets=200, users=60)) as servers:
        settings = {**os.environ, **servers.addresses.environment(), "NO_COLOR": "1"}
        settings.pop("PYTHONPATH", None)

        def meltano(*arguments, **env):
            done = subprocess.run(
                [MELTANO, "--log-level=warning", *arguments],
                cwd=home,
                env={**settings, **env},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert done.returncode == 0, done.stderr[-4000:]
            return done.stdout

        meltano("install")
        yield meltano, servers.warehouse


def count(warehouse, sql):
    [[found]] = warehouse.query_and_wait(sql)
    return found


@pytest.mark.parametrize("plugin", [SHARED, *PLUGINS, *UTILITIES])
def test_a_wheel_holds_what_it_needs_and_says_who_may_use_it(wheels, plugin):
    package = plugin.replace("-", "_")
    with zipfile.ZipFile(wheels[plugin]) as wheel:
        names = wheel.namelist()
        metadata = wheel.read(next(name for name in names if name.endswith(".dist-info/METADATA"))).decode()
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert f"{package}/py.typed" in names
    source = {path.relative_to(ROOT / plugin).as_posix() for path in (ROOT / plugin / package).rglob("*.py")}
    assert source <= set(names)
    if plugin == "tap-zendesk-cityblock":
        schemas = {path.name for path in (ROOT / plugin / package / "schemas").iterdir()}
        assert {f"{package}/schemas/{name}" for name in schemas} <= set(names)
    if plugin == "target-zendesk-pubsub":
        assert {f"{package}/{name}" for name in CONTRACT} <= set(names)
    assert "License-Expression: Apache-2.0" in metadata
    assert "Requires-Python: <3.14,>=3.11" in metadata
    assert plugin == SHARED or "## Settings" in metadata


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugin_describes_itself(elsewhere, plugin):
    meltano, _ = elsewhere
    about = json.loads(meltano("invoke", plugin, "--about", "--format=json"))
    page = (ROOT / plugin / "README.md").read_text()
    [line] = re.findall(r"^Capabilities: (.*)\.$", page, re.MULTILINE)
    assert set(re.findall(r"`([\w-]+)`", line)) == set(about["capabilities"])
    _, definition = documented(plugin)
    assert {setting["name"] for setting in definition["settings"]} <= set(about["settings"]["properties"])


def test_the_export_and_the_messages_run_without_this_repository(elsewhere):
    meltano, warehouse = elsewhere
    meltano("run", "tap-zendesk-cityblock", "target-bigquery")
    tables = {table.table_id for table in warehouse.list_tables("zendesk")}
    assert {"ticket", "user", "group", "EXPORT_METADATA"} <= tables
    tickets = count(warehouse, "SELECT COUNT(DISTINCT id) FROM zendesk.ticket")
    assert tickets >= 200
    columns = {field.name for field in warehouse.get_table("zendesk.ticket").schema}
    assert "subject" in columns
    assert "description" not in columns  # the README's select leaves it out

    for view in (USER_LATEST, DIRECTORY):  # dbt makes them in this project, elsewhere whoever runs it
        warehouse.query_and_wait(view)
    whole = {
        "TAP_ZENDESK_CITYBLOCK__SELECT": '["*.*"]',  # a message wants all of a ticket
        "TAP_ZENDESK_CITYBLOCK_BULK_MODELS": "[]",
        "TAP_ZENDESK_CITYBLOCK_INCREMENTAL_MODELS": '["ticket"]',
    }
    meltano("run", "tap-zendesk-cityblock", "target-zendesk-pubsub", **whole)
    published = count(warehouse, "SELECT COUNT(DISTINCT ticket_id) FROM pubsub_messages.zendesk_ticket")
    waiting = count(warehouse, "SELECT COUNT(DISTINCT ticket_id) FROM zendesk.TICKET_USER_JOIN_ERROR")
    assert published > 0
    assert published + waiting == tickets

    ticket = count(warehouse, "SELECT MIN(ticket_id) FROM pubsub_messages.zendesk_ticket")
    would_be = meltano("invoke", "zendesk-erasure:erase", "--ticket", str(ticket), "--dry-run")
    assert "zendesk.ticket " in would_be
    assert "pubsub_messages.zendesk_ticket " in would_be
    assert "--seed" in meltano("invoke", "zendesk-reconciliation:reconcile", "--help")
