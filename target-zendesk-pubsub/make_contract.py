"""Writes the contract's schemas and AsyncAPI document from the message's type, the examples, and the topics in meltano.yml.

python target-zendesk-pubsub/make_contract.py             # after messages.py changed
python target-zendesk-pubsub/make_contract.py --check     # exit 1 if that would change anything
python target-zendesk-pubsub/make_contract.py --release   # also records this version as released: later ones may only add
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, get_args

import yaml
from target_zendesk_pubsub import contract
from target_zendesk_pubsub.messages import EventType

PLUGIN = Path(__file__).parent
FOLDER = PLUGIN / "contract"
MELTANO = PLUGIN.parent / "meltano.yml"


def main(arguments: list[str]) -> int:
    check = "--check" in arguments
    files = generated()
    if "--release" in arguments:
        files[FOLDER / "released" / f"{contract.VERSION}.json"] = files[FOLDER / "asyncapi.json"]
    stale = 0
    for path, document in files.items():
        content = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        if path.exists() and path.read_text() == content:
            continue
        print(f"{'stale' if check else 'wrote'} {path.name}")
        stale = 1
        if not check:
            path.write_text(content)
    return stale if check else 0


def generated() -> dict[Path, dict[str, Any]]:
    examples = [
        json.loads((FOLDER / "examples" / f"{event}.json").read_text()) for event in get_args(EventType)
    ]
    schemas = {
        FOLDER / f"{one.name}.schema.json": contract.data_schema(one, examples)
        for one in contract.MESSAGE_TYPES
    }
    return {
        **schemas,
        FOLDER / "ticket-attributes.schema.json": contract.attributes_schema(examples),
        FOLDER / "asyncapi.json": contract.asyncapi(topics(), examples),
    }


def topics() -> list[contract.Topic]:
    """Of each environment in meltano.yml."""
    project = yaml.safe_load(MELTANO.read_text())
    name = "target-zendesk-pubsub"
    settings = _named(project["plugins"]["loaders"], name)["settings"]
    topic_project = _named(settings, "topic_project")["value"]
    found = []
    for environment in project["environments"]:
        config = _named(environment["config"]["plugins"]["loaders"], name)["config"]
        server = "sandbox" if "pubsub_emulator_host" in config else "google"
        path = f"projects/{topic_project}/topics/{config['topic']}"
        found.append(contract.Topic(environment["name"], path, server))
    return found


def _named(entries: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(entry for entry in entries if entry["name"] == name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
