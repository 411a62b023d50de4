"""Writes the skeleton of a new opt-in model: its row in models.py, and schemas/<name>.json.

    make model NAME=ticket_rule PATH=/api/v2/ticket_rules
    make model NAME=ticket_rule PATH=/api/v2/ticket_rules ROOT=rules OPENAPI=TicketRuleObject

Without OPENAPI, the name of a schema in Zendesk's OpenAPI document, the properties are to be written by hand. `sandbox`
in the schema file says where the sandbox serves a plain list of such objects.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

from make_schemas import EXTRACT, SCHEMAS, Document, Json, completed, text_of
from tap_zendesk_cityblock.models import MODELS

TABLE = Path(__file__).parent / "tap_zendesk_cityblock" / "models.py"
LAST_LINE = ')\n"""Bulk and incremental models that are exported only'
DESCRIBED = {
    "id": {"type": "integer", "description": "Zendesk's ID of the object"},
    "created_at": {
        "type": ["string", "null"],
        "format": "date-time",
        "description": "When the object was created",
    },
    "updated_at": {
        "type": ["string", "null"],
        "format": "date-time",
        "description": "When the object was last updated",
    },
    "url": {"type": ["string", "null"], "description": "API URL of the object"},
}


def main(name: str, path: str, root: str, openapi: str) -> str:
    """What to do next. Exits with a sentence if the arguments are invalid."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        sys.exit(f"Invalid NAME '{name}': expected a singular noun in snake_case, such as ticket_rule")
    if name in MODELS:
        sys.exit(f"models.py already has the model '{name}'")
    if (SCHEMAS / f"{name}.json").exists():
        sys.exit(f"schemas/{name}.json has no row in models.py: add one, or delete the file")
    if not path.startswith("/api/v2/"):
        sys.exit(f"Invalid PATH '{path}': expected Zendesk's path, such as /api/v2/ticket_rules")
    if path.endswith(".json"):
        sys.exit(f"Invalid PATH '{path}': leave out .json, as the tap does in every request")
    served = {"path": path.removeprefix("/api/v2/"), **({"root": root} if root else {})}
    schema = {"sandbox": served, **_schema(name, openapi)}
    (SCHEMAS / f"{name}.json").write_text(text_of(schema))
    row = f'Model("{name}", "{path}", "{root or _root(path)}", {_paging(path)}),\n'
    TABLE.write_text(TABLE.read_text().replace(LAST_LINE, f"    {row}{LAST_LINE}"))
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", TABLE], check=True)  # noqa: S603 - our own file
    return f"""\
1. OPT_IN_MODELS in models.py has the row: {row.strip()}
   Check root, paging and key against https://developer.zendesk.com/api-reference/, and add plan, scope and note.
2. schemas/{name}.json: replace each TODO by a description, and add "personal" where a property is about a person.
3. make docs
4. .venv/bin/python -m pytest tests/tap/test_schemas.py tests/docs
   .venv/bin/python -m pytest tests/tap/test_export.py -k {name}"""


def _schema(name: str, openapi: str) -> Json:
    if not openapi:
        properties = {**DESCRIBED, "name": {"type": ["string", "null"], "description": "TODO"}}
        return {"type": "object", "required": ["id"], "properties": properties}
    schemas = json.loads(EXTRACT.read_text())["schemas"]
    schema = {
        "openapi": {"schema": openapi},
        "type": "object",
        "required": ["id"],
        "properties": DESCRIBED,
    }
    if openapi not in schemas:
        print(
            f"To add the properties of {openapi}: .venv/bin/python {EXTRACT.parent.name}/make_schemas.py OAS.YAML"
        )
        return schema
    return completed(name, schema, Document(schemas))[0]


def _root(path: str) -> str:
    return path.removesuffix("/cursor").rsplit("/", 1)[-1]


def _paging(path: str) -> str:
    if "/incremental/" not in path:
        return "_LIST"
    return "Paging.EXPORT_CURSOR" if path.endswith("/cursor") else "Paging.EXPORT_TIME"


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for argument in ("name", "path", "root", "openapi"):
        parser.add_argument(f"--{argument}", default="")
    print(main(**vars(parser.parse_args())))
