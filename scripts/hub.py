"""A plugin's part of another project's meltano.yml, for its README: made from our meltano.yml and the plugin itself."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml
from tap_zendesk_cityblock.tap import TapZendeskCityblock
from target_bigquery.target import TargetBigQuery
from target_zendesk_pubsub.target import TargetZendeskPubSub
from zendesk_erasure.plugin import ZendeskErasure
from zendesk_reconciliation.plugin import ZendeskReconciliation

PROJECT = Path(__file__).parents[1]
PLUGINS = {
    plugin.name: plugin
    for plugin in (
        TapZendeskCityblock,
        TargetBigQuery,
        TargetZendeskPubSub,
        ZendeskErasure,
        ZendeskReconciliation,
    )
}


def settings_table(name: str) -> str:
    """The plugin's own settings."""
    schema = PLUGINS[name].config_jsonschema
    rows = ["| setting | | default |", "|---|---|---|"]
    for setting, described in schema["properties"].items():
        default = json.dumps(described["default"]) if "default" in described else ""
        if setting in schema.get("required", ()):
            default = "**required**"
        rows.append(f"| `{setting}` | {described['description']} | {default} |")
    return "\n".join(rows)


def definition(kind: str, name: str, **extra: object) -> str:
    """A fenced `plugins:` block with the plugin by its wheel; `extra` are further keys, such as `config`."""
    plugins: list[dict[str, Any]] = yaml.safe_load((PROJECT / "meltano.yml").read_text())["plugins"][kind]
    plugin = next(plugin for plugin in plugins if plugin["name"] == name)
    packages = re.findall(r"-e \./([\w-]+)", plugin["pip_url"])
    lines = [
        "```yaml",
        "plugins:",
        f"  {kind}:",
        f"  - name: {name}",
        f"    namespace: {plugin['namespace']}",
        f"    pip_url: {' '.join(f'./{wheel(one)}' for one in packages)} -c constraints.txt",
        f"    executable: {plugin['executable']}",
    ]
    if "capabilities" in plugin:
        lines.append(f"    capabilities: {_flow(capabilities(name))}")
    if "env" in plugin:
        lines.append(f"    env: {_flow(plugin['env'])}")
    lines.append("    settings:")
    lines += [
        f"    - {_flow({key: value for key, value in setting.items() if key != 'value'})}"
        for setting in plugin["settings"]
    ]
    if "commands" in plugin:
        lines.append("    commands:")
        lines += [
            f"      {command}: {_flow({key: value for key, value in keys.items() if key != 'description'})}"
            for command, keys in plugin["commands"].items()
        ]
    for key, value in extra.items():
        written = yaml.safe_dump({key: value}, sort_keys=False, allow_unicode=True, width=200)
        lines += [f"    {line}" for line in written.splitlines()]
    return "\n".join([*lines, "```"])


def capabilities(name: str) -> list[str]:
    """The plugin's capabilities."""
    return [str(one) for one in PLUGINS[name].capabilities]


def wheel(name: str) -> str:
    """File name of the wheel that `make wheels` builds."""
    version = next(
        line.split('"')[1]
        for line in (PROJECT / name / "pyproject.toml").read_text().splitlines()
        if line.startswith("version = ")
    )
    return f"{name.replace('-', '_')}-{version}-py3-none-any.whl"


def _flow(value: object) -> str:
    return yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=1000
    ).strip()
