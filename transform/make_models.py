"""Writes the models of the tap's models table: `<model>_latest.sql`, the columns in `<model>_latest.yml`, and their tables
in `sources.yml`.

    python transform/make_models.py           # after a model or a schema changed
    python transform/make_models.py --check   # exit 1 if that would change anything

Columns, their types, descriptions and personal marks come from the tap's schema files, types as the loader maps them. A
model's description and tests that were edited in a yml file stay.
"""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from tap_zendesk_cityblock.columns import load_schema
from tap_zendesk_cityblock.errors import SchemaError
from tap_zendesk_cityblock.models import MODELS, OPT_IN_MODELS
from target_bigquery.schema import columns_of, personal_kind

if TYPE_CHECKING:
    from tap_zendesk_cityblock.model_types import Model

HERE = Path(__file__).parent / "models"
TYPES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
FIRST_LINE, LAST_LINE = "  # The models, written by make_models.py.\n", "  # Other tables.\n"
"""In sources.yml, around the tables of the models."""
IS_DELETED_COLUMN = {"description": "Whether the object is deleted in Zendesk"}


def main(*, check: bool) -> int:
    _check_rows()
    sources = HERE / "sources.yml"
    contents = {sources: _with_tables(sources.read_text())}
    for model in MODELS.values():
        folder = HERE / folder_of(model)
        contents[folder / f"{model.name}_latest.sql"] = _sql(model)
        contents[folder / f"{model.name}_latest.yml"] = _yml(model, folder)
    stale = [path for path, content in contents.items() if not path.exists() or path.read_text() != content]
    for path in stale:
        name = path.relative_to(HERE)
        if check:
            print(f"{'stale' if path.exists() else 'missing'} {name}: run `make docs`")
        else:
            path.write_text(contents[path])
            print(f"wrote {name}")
    return int(check and bool(stale))


def _check_rows() -> None:
    """Raises SchemaError if a schema file is of no model."""
    schemas = {Path(file.name).stem for file in (files("tap_zendesk_cityblock") / "schemas").iterdir()}
    for name in sorted(schemas - MODELS.keys()):
        raise SchemaError(f"schemas/{name}.json has no row in models.py: add one, or delete the file")


def folder_of(model: Model) -> str:
    """dbt_project.yml enables `opt_in` only on request."""
    if model in OPT_IN_MODELS:
        return "opt_in"
    return "incremental" if model.is_incremental else "bulk"


def _with_tables(written: str) -> str:
    """sources.yml with the models as tables. Those that many accounts never export have no freshness check."""
    before, rest = written.split(FIRST_LINE)
    _, after = rest.split(LAST_LINE)
    tables = "".join(
        f"  - {{name: {model.name}, config: {{freshness: null}}}}\n"
        if model in OPT_IN_MODELS or model.is_retired
        else f"  - name: {model.name}\n"
        for model in MODELS.values()
    )
    return f"{before}{FIRST_LINE}{tables}{LAST_LINE}{after}"


def _sql(model: Model) -> str:
    key = "" if model.key == "id" else f", key='{model.key}'"
    if not model.is_incremental:
        has_clock = model.clock in load_schema(model.name)["properties"]
        clock = f", clock='{model.clock}'" if has_clock else ""
        return f"{{{{ latest_bulk('{model.name}'{clock}{key}) }}}}\n"
    flag = f', is_deleted="{model.is_deleted}"' if model.is_deleted else ""
    stub = ""
    if model.deletion_stub:
        stub = f', is_whole="{model.deletion_stub.is_whole}", stub_columns={[*model.deletion_stub.columns]}'
    return f"{{{{ latest_incremental('{model.name}', clock='{model.clock}'{key}{flag}{stub}) }}}}\n"


def _yml(model: Model, folder: Path) -> str:
    path = folder / f"{model.name}_latest.yml"
    written: dict[str, Any] = yaml.safe_load(path.read_text())["models"][0] if path.exists() else {}
    known = {column["name"]: column for column in written.get("columns", [])}
    schema = load_schema(model.name)
    columns = [
        _column(model, field.name, _type(field), schema["properties"][field.name], known)
        for field in columns_of(schema).fields
    ]
    if model.is_deleted:
        columns.append(_column(model, "is_deleted", "BOOL", IS_DELETED_COLUMN, known))
    content = {
        "version": 2,
        "models": [
            {
                "name": f"{model.name}_latest",
                "description": written.get("description", _description(model)),
                "config": {"meta": {"grain": f"one row per {model.name.replace('_', ' ')}"}},
                "columns": columns,
            }
        ],
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)


def _description(model: Model) -> str:
    noun = model.name.replace("_", " ")
    if model.is_incremental:
        return f"The last version of each {noun} that was exported. One row per {noun}."
    return f"Every {noun} of the latest complete export. One row per {noun}."


def _column(
    model: Model, name: str, data_type: str, schema: dict[str, Any], known: dict[str, Any]
) -> dict[str, Any]:
    column: dict[str, Any] = {"name": name, "data_type": data_type, "description": schema["description"]}
    if kind := personal_kind(schema):
        column["config"] = {"tags": ["phi"], "meta": {"personal": kind}}
    tests = known.get(name, {}).get("data_tests") or (["unique", "not_null"] if name == model.key else None)
    return {**column, "data_tests": tests} if tests else column


def _type(field: Any) -> str:  # noqa: ANN401 - google-cloud-bigquery's SchemaField
    inner = ", ".join(f"`{part.name}` {_type(part)}" for part in field.fields)
    one = f"STRUCT<{inner}>" if field.fields else TYPES.get(field.field_type, field.field_type)
    return f"ARRAY<{one}>" if field.mode == "REPEATED" else one


if __name__ == "__main__":
    try:
        sys.exit(main(check="--check" in sys.argv[1:]))
    except SchemaError as error:
        sys.exit(str(error))
