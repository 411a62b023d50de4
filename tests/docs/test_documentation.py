"""Documentation, Makefile and meltano.yml against the code and against each other."""

import ast
import dataclasses
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from singer_sdk import Target
from tap_zendesk_cityblock import settings as tap_settings
from tap_zendesk_cityblock.tap import TapZendeskCityblock
from target_bigquery import settings as target_settings
from target_bigquery.target import TargetBigQuery
from target_zendesk_pubsub import settings as publisher_settings
from target_zendesk_pubsub.target import TargetZendeskPubSub
from zendesk_erasure import settings as erasure_settings
from zendesk_reconciliation import settings as reconciliation_settings

from sandbox.__main__ import main as sandbox
from sandbox.addresses import BUCKET, TOPIC, TOPIC_PROJECT, Addresses
from sandbox.addresses import PROJECT as PROJECT_ID

PROJECT = Path(__file__).parents[2]
PAGES = [
    page
    for page in sorted(PROJECT.rglob("*.md"))
    if not any(part.startswith(".") for part in page.relative_to(PROJECT).parts)
]
OF_TODAY = [page for page in PAGES if page.name != "CHANGELOG.md"]
"""Pages that name only what exists; the changelog names what was removed, too."""
by_page = pytest.mark.parametrize("page", OF_TODAY, ids=lambda page: str(page.relative_to(PROJECT)))
PLUGINS = (
    "tap-zendesk-cityblock",
    "target-bigquery",
    "target-zendesk-pubsub",
    "zendesk-erasure",
    "zendesk-reconciliation",
)
MELTANO = yaml.safe_load((PROJECT / "meltano.yml").read_text())


def declared(kind, name):
    plugin = next(plugin for plugin in MELTANO["plugins"][kind] if plugin["name"] == name)
    return {setting["name"]: setting for setting in plugin["settings"]}


@pytest.mark.fast
@pytest.mark.parametrize(
    "page",
    [page for page in [*PAGES, PROJECT / "pyproject.toml"] if "[[[cog" in page.read_text()],
    ids=lambda page: str(page.relative_to(PROJECT)),
)
def test_generated_parts_agree_with_the_code(page):
    checked = subprocess.run(
        [sys.executable, "-m", "cogapp", "-I", "scripts", "--check", page],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, f"run `make docs`: {checked.stdout}{checked.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_within_the_repository_work(page):
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", page.read_text())
    broken = []
    for target, anchor in links:
        file = page.parent / target if target else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(f"{target}#{anchor}")
    assert broken == []


def anchors(page):
    """Of the page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"(?ms)^```.*?^```$", "", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@by_page
def test_every_make_verb_on_a_page_exists(page):
    verbs = set(re.findall(r"^([a-z-]+):.* ## ", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(), re.MULTILINE))
    assert named <= verbs


def commands():
    """Jobs, plugins, and commands of plugins, as one types them behind `meltano run` or `invoke`."""
    jobs = {job["name"] for job in MELTANO["jobs"]}
    plugins = {plugin["name"]: plugin for plugins in MELTANO["plugins"].values() for plugin in plugins}
    return jobs | {
        f"{name}{command}"
        for name, plugin in plugins.items()
        for command in ("", *(f":{command}" for command in plugin.get("commands", ())))
    }


@by_page
def test_every_meltano_command_on_a_page_exists(page):
    typed = re.findall(r"meltano(?: --\S+)* (?:run|invoke)((?: [a-z][a-z:-]+)+)", page.read_text())
    named = {word for words in typed for word in words.split()}
    assert named - commands() <= {"some-tap"}


@by_page
def test_every_sandbox_command_on_a_page_exists(page):
    for command in set(re.findall(r"python -m sandbox ([a-z-]+)", page.read_text())):
        with pytest.raises(SystemExit) as ended:
            sandbox([command, "--help"])
        assert ended.value.code == 0


@pytest.mark.parametrize(
    "page", [*OF_TODAY, PROJECT / ".env.example"], ids=lambda page: str(page.relative_to(PROJECT))
)
def test_every_variable_of_a_setting_on_a_page_exists(page):
    for prefix, settings in (
        ("TAP_ZENDESK_CITYBLOCK", tap_settings),
        ("TARGET_BIGQUERY", target_settings),
        ("TARGET_ZENDESK_PUBSUB", publisher_settings),
        ("ZENDESK_ERASURE", erasure_settings),
        ("ZENDESK_RECONCILIATION", reconciliation_settings),
    ):
        named = {name.lower() for name in re.findall(rf"{prefix}_(?:TICKETS_)?([A-Z_]+)", page.read_text())}
        assert named - {"loglevel"} <= set(settings.SETTINGS.to_dict()["properties"])


OF_OTHERS = {"pipeline is already running", "Failed to persist incremental state"}
"""Texts of alarms that Meltano logs."""


def texts_of_the_code():
    """Every string of the plugins and scripts, what is filled in left out; and names of dbt's tests."""
    for folder in (*PLUGINS, "cityblock-singer", "scripts"):
        for path in (PROJECT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value
                elif isinstance(node, ast.JoinedStr):
                    yield "…".join(part.value for part in node.values if isinstance(part, ast.Constant))
    yield from (path.stem for path in (PROJECT / "transform" / "tests").glob("*.sql"))


def test_every_alarm_of_the_runbook_is_a_text_of_the_code():
    page = (PROJECT / "docs" / "runbook.md").read_text()
    [alarms] = re.findall(r"^## Alarms\n(.*?)^### How fresh", page, re.MULTILINE | re.DOTALL)
    named = {
        text
        for cell in re.findall(r"^\| (.*?) \|", alarms, re.MULTILINE)
        for text in re.findall("`(.+?)`", cell)
    }
    assert len(named) > 15
    named |= set(re.findall('event:"(.*?)"', (PROJECT / "deploy" / "README.md").read_text()))
    written = "\n".join(texts_of_the_code())
    assert {text for text in named - OF_OTHERS if text not in written} == set()


SDK_SETTINGS = {"properties": {}}
TapZendeskCityblock.append_builtin_config(SDK_SETTINGS)


@pytest.mark.parametrize(
    ("kind", "name", "settings", "of_the_sdk"),
    [
        (
            "extractors",
            "tap-zendesk-cityblock",
            tap_settings,
            SDK_SETTINGS["properties"].keys()
            - {"faker_config"},  # needs a library that the tap does not install
        ),
        ("loaders", "target-bigquery", target_settings, set()),
        ("loaders", "target-zendesk-pubsub", publisher_settings, set()),
        ("utilities", "zendesk-erasure", erasure_settings, set()),
        ("utilities", "zendesk-reconciliation", reconciliation_settings, set()),
    ],
)
def test_meltano_declares_every_setting_of_a_plugin(kind, name, settings, of_the_sdk):
    in_code = settings.SETTINGS.to_dict()["properties"]
    in_meltano = declared(kind, name)
    wanted = set(in_code) | of_the_sdk
    missing, unknown = sorted(wanted - set(in_meltano)), sorted(set(in_meltano) - wanted)
    assert not missing, f"add {missing} to the settings of {name} in meltano.yml"
    assert not unknown, (
        f"remove {unknown} from the settings of {name} in meltano.yml, or add them to SETTINGS"
    )
    secret = {key for key, schema in in_code.items() if schema.get("secret")}
    assert {key for key, setting in in_meltano.items() if setting.get("sensitive")} == secret


@pytest.mark.fast
@pytest.mark.parametrize(
    ("settings", "packages"),
    [
        (tap_settings, ("tap_zendesk_cityblock",)),
        (target_settings, ("target_bigquery",)),
        (publisher_settings, ("target_zendesk_pubsub",)),
        (erasure_settings, ("zendesk_erasure", "target_bigquery")),
        (reconciliation_settings, ("zendesk_reconciliation",)),
    ],
    ids=PLUGINS,
)
def test_every_setting_is_read(settings, packages):
    read = {name for package in (*packages, "cityblock_singer") for name in names_read(package)}
    unread = [
        name
        for name in settings.SETTINGS.to_dict()["properties"]
        if name not in read and f"…{name.partition('_')[2]}" not in read
    ]
    assert not unread, f"no code reads {unread}: read them, or remove them from SETTINGS"


def test_every_field_of_the_taps_settings_is_used():
    fields = {field.name for field in dataclasses.fields(tap_settings.Settings)}
    unused = sorted(fields - {name[1:] for name in names_read("tap_zendesk_cityblock") if name[0:1] == "."})
    assert not unused, f"no code uses {unused} of the class Settings"


def names_read(package):
    """Strings, of formatted ones the end behind `…`, and attributes behind a dot; not the names of declared settings."""
    for path in (PROJECT / package.replace("_", "-") / package).rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        declared_names = {
            id(node.args[0])
            for node in nodes
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "Property" and node.args
        }
        for node in nodes:
            if isinstance(node, ast.Attribute):
                yield f".{node.attr}"
            elif isinstance(node, ast.JoinedStr) and isinstance(node.values[-1], ast.Constant):
                yield f"…{node.values[-1].value.removeprefix('_')}"
            elif (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in declared_names
            ):
                yield node.value


@pytest.mark.parametrize(
    "plugin", [TapZendeskCityblock, TargetBigQuery, TargetZendeskPubSub], ids=lambda plugin: plugin.name
)
def test_meltano_and_the_readme_name_a_plugins_capabilities(plugin):
    kind = "loaders" if issubclass(plugin, Target) else "extractors"
    in_meltano = next(one for one in MELTANO["plugins"][kind] if one["name"] == plugin.name)
    [line] = re.findall(
        r"^Capabilities: (.*)\.$", (PROJECT / plugin.name / "README.md").read_text(), re.MULTILINE
    )
    assert set(re.findall(r"`([\w-]+)`", line)) == set(map(str, plugin.capabilities))
    assert set(in_meltano["capabilities"]) == set(map(str, plugin.capabilities))


def test_the_local_environment_has_the_sandboxs_default_addresses():
    local = next(environment for environment in MELTANO["environments"] if environment["name"] == "local")[
        "config"
    ]["plugins"]
    written = {
        key: value
        for plugins in local.values()
        for plugin in plugins
        for key, value in plugin["config"].items()
    }
    default = Addresses()
    assert written["base_url"] == default.zendesk_url
    assert written["bigquery_emulator_host"] == default.bigquery_url
    assert written["storage_emulator_host"] == default.gcs_url
    assert written["pubsub_emulator_host"] == f"127.0.0.1:{default.pubsub}"
    assert (written["project"], written["bucket"], written["topic"]) == (PROJECT_ID, BUCKET, TOPIC)
    assert declared("loaders", "target-zendesk-pubsub")["topic_project"]["value"] == TOPIC_PROJECT


def test_the_example_environment_has_the_cronjobs_state_bucket():
    overlay = (PROJECT / "deploy/kubernetes/overlays/staging/environment.env").read_text()
    uri = re.search(r"^MELTANO_STATE_BACKEND_URI=.*$", overlay, re.MULTILINE)[0]
    assert uri in (PROJECT / ".env.example").read_text().splitlines()


def test_the_changelog_begins_with_the_plugins_version():
    versions = {
        tomllib.loads((PROJECT / name / "pyproject.toml").read_text())["project"]["version"]
        for name in ("cityblock-singer", *PLUGINS)
    }
    [latest, *_] = re.findall(r"^## \[([\d.]+)\]", (PROJECT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions == {latest}


def test_pins_have_no_index_address():
    for path in (PROJECT / "constraints").iterdir():
        assert "://" not in path.read_text()
