"""The documentation against the code."""

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

from sandbox.addresses import BUCKET, TOPIC, TOPIC_PROJECT, Addresses
from sandbox.addresses import PROJECT as PROJECT_ID

PROJECT = Path(__file__).parents[2]
PAGES = [
    page
    for page in sorted(PROJECT.rglob("*.md"))
    if not any(part.startswith(".") for part in page.relative_to(PROJECT).parts)
]
MELTANO = yaml.safe_load((PROJECT / "meltano.yml").read_text())


def declared(kind, name):
    plugin = next(plugin for plugin in MELTANO["plugins"][kind] if plugin["name"] == name)
    return {setting["name"]: setting for setting in plugin["settings"]}


@pytest.mark.parametrize(
    "page", [page for page in PAGES if "[[[cog" in page.read_text()], ids=lambda page: page.parent.name
)
def test_generated_parts_agree_with_the_code(page):
    checked = subprocess.run(
        [sys.executable, "-m", "cogapp", "-I", "scripts", "--check", page],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, f"run `make docs`: {checked.stdout}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_within_the_repository_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", page.read_text())
    broken = []
    for target, anchor in links:
        file = page.parent / target if target else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(f"{target}#{anchor}")
    assert broken == []


def anchors(page):
    """Of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"(?ms)^```.*?^```$", "", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_make_verb_that_is_named_exists(page):
    verbs = set(re.findall(r"^([a-z-]+):.* ## ", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(), re.MULTILINE))
    assert named <= verbs


OF_THE_SDK = {"properties": {}}
TapZendeskCityblock.append_builtin_config(OF_THE_SDK)


@pytest.mark.parametrize(
    ("kind", "name", "settings", "further"),
    [
        (
            "extractors",
            "tap-zendesk-cityblock",
            tap_settings,
            OF_THE_SDK["properties"].keys() - {"faker_config"},  # of a library that the tap does not bring
        ),
        ("loaders", "target-bigquery", target_settings, set()),
        ("loaders", "target-zendesk-pubsub", publisher_settings, set()),
    ],
)
def test_meltano_knows_every_setting_of_a_plugin(kind, name, settings, further):
    in_code = settings.SETTINGS.to_dict()["properties"]
    in_meltano = declared(kind, name)
    assert set(in_meltano) == set(in_code) | further
    secret = {key for key, schema in in_code.items() if schema.get("secret")}
    assert {key for key, setting in in_meltano.items() if setting.get("sensitive")} == secret


@pytest.mark.parametrize(
    "plugin", [TapZendeskCityblock, TargetBigQuery, TargetZendeskPubSub], ids=lambda plugin: plugin.name
)
def test_meltano_and_the_readme_know_what_a_plugin_can(plugin):
    kind = "loaders" if issubclass(plugin, Target) else "extractors"
    in_meltano = next(one for one in MELTANO["plugins"][kind] if one["name"] == plugin.name)
    [line] = re.findall(
        r"^Capabilities: (.*)\.$", (PROJECT / plugin.name / "README.md").read_text(), re.MULTILINE
    )
    assert set(re.findall(r"`([\w-]+)`", line)) == set(map(str, plugin.capabilities))
    unknown_to_it = {"validate-records"}
    assert set(in_meltano["capabilities"]) == set(map(str, plugin.capabilities)) - unknown_to_it


def test_the_local_environment_knows_the_sandboxs_usual_addresses():
    local = next(environment for environment in MELTANO["environments"] if environment["name"] == "local")[
        "config"
    ]["plugins"]
    written = {
        key: value
        for plugins in local.values()
        for plugin in plugins
        for key, value in plugin["config"].items()
    }
    usual = Addresses()
    assert written["base_url"] == usual.zendesk_url
    assert written["bigquery_emulator_host"] == usual.bigquery_url
    assert written["storage_emulator_host"] == usual.gcs_url
    assert written["pubsub_emulator_host"] == f"127.0.0.1:{usual.pubsub}"
    assert (written["project"], written["bucket"], written["topic"]) == (PROJECT_ID, BUCKET, TOPIC)
    assert declared("loaders", "target-zendesk-pubsub")["topic_project"]["value"] == TOPIC_PROJECT


def test_the_example_environment_names_settings_that_exist():
    example = (PROJECT / ".env.example").read_text()
    for prefix, settings in (
        ("TAP_ZENDESK_CITYBLOCK", tap_settings),
        ("TARGET_ZENDESK_PUBSUB", publisher_settings),
    ):
        named = re.findall(rf"^#? ?{prefix}_([A-Z_]+)=", example, re.MULTILINE)
        assert named
        assert {name.lower() for name in named} <= set(settings.SETTINGS.to_dict()["properties"])


def test_the_example_environment_keeps_cursors_where_the_cronjobs_keep_them():
    overlay = (PROJECT / "deploy/kubernetes/overlays/staging/environment.env").read_text()
    uri = re.search(r"^MELTANO_STATE_BACKEND_URI=.*$", overlay, re.MULTILINE)[0]
    assert uri in (PROJECT / ".env.example").read_text().splitlines()


def test_the_changelog_begins_with_the_version_of_all_plugins():
    versions = {
        tomllib.loads((PROJECT / name / "pyproject.toml").read_text())["project"]["version"]
        for name in ("cityblock-singer", "tap-zendesk-cityblock", "target-bigquery", "target-zendesk-pubsub")
    }
    [latest, *_] = re.findall(r"^## ([\d.]+)", (PROJECT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions == {latest}


def test_pins_carry_no_address():
    for path in (PROJECT / "constraints").iterdir():
        assert "://" not in path.read_text()
