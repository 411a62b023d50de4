"""What meltano.yml of another project says of a plugin, from what ours says: for the READMEs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[1]


def definition(kind: str, name: str, **extra: object) -> str:
    """A fenced `plugins:` block with the plugin by its wheel; `extra` are further keys, such as `config`."""
    plugins: list[dict[str, Any]] = yaml.safe_load((PROJECT / "meltano.yml").read_text())["plugins"][kind]
    plugin = next(plugin for plugin in plugins if plugin["name"] == name)
    lines = [
        "```yaml",
        "plugins:",
        f"  {kind}:",
        f"  - name: {name}",
        f"    namespace: {plugin['namespace']}",
        f"    pip_url: ./{wheel(name)} -c constraints.txt",
        f"    executable: {plugin['executable']}",
    ]
    if "capabilities" in plugin:
        lines.append(f"    capabilities: {_flow(plugin['capabilities'])}")
    lines.append("    settings:")
    lines += [
        f"    - {_flow({k: v for k, v in setting.items() if k != 'value'})}" for setting in plugin["settings"]
    ]
    if "commands" in plugin:
        lines.append("    commands:")
        lines += [
            f"      {command}: {_flow({k: v for k, v in told.items() if k != 'description'})}"
            for command, told in plugin["commands"].items()
        ]
    for key, value in extra.items():
        written = yaml.safe_dump({key: value}, sort_keys=False, allow_unicode=True, width=200)
        lines += [f"    {line}" for line in written.splitlines()]
    return "\n".join([*lines, "```"])


def wheel(name: str) -> str:
    """The wheel's file, as `make wheels` names it."""
    version = next(
        line.split('"')[1]
        for line in (PROJECT / name / "pyproject.toml").read_text().splitlines()
        if line.startswith("version = ")
    )
    return f"{name.replace('-', '_')}-{version}-py3-none-any.whl"


def _flow(value: object) -> str:
    return yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=1000).strip()
