"""Writes the models of the tap's models table: `<model>_latest.sql`, the columns in `<model>_latest.yml`, of incremental
models `<model>_current`, of some `<model>_history`, and their tables in `sources.yml`.

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
from tap_zendesk_cityblock.models import MODELS, OPT_IN_MODELS, UNKNOWN_PROPERTIES
from target_bigquery.schema import columns_of, personal_kind

if TYPE_CHECKING:
    from tap_zendesk_cityblock.model_types import Model

HERE = Path(__file__).parent / "models"
TYPES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
FIRST_LINE, LAST_LINE = "  # The models, written by make_models.py.\n", "  # Other tables.\n"
"""In sources.yml, around the tables of the models."""
HISTORIES = {"ticket": "timestamp_seconds(generated_timestamp)", "user": "updated_at"}
"""Models with a view of all versions, and their clock as a timestamp."""
IS_REDACTED = {
    "description": "Whether a comment in it was redacted, by comment_redaction. Null if that model was never exported"
}
VALID_COLUMNS = {
    "valid_from": "When this version began, by its clock; of a version without a clock, when it was exported",
    "valid_to": "When the next version began; null for the last version",
}


def main(*, check: bool) -> int:
    _check_rows()
    sources = HERE / "sources.yml"
    contents = {sources: _with_tables(sources.read_text())}
    for model in MODELS.values():
        folder = HERE / folder_of(model)
        contents[folder / f"{model.name}_latest.sql"] = _sql(model)
        contents[folder / f"{model.name}_latest.yml"] = _yml(model, folder / f"{model.name}_latest.yml")
        if model.is_incremental:
            folder = HERE / ("opt_in" if model in OPT_IN_MODELS else "current")
            contents[folder / f"{model.name}_current.sql"] = _current_sql(model)
            contents[folder / f"{model.name}_current.yml"] = _current_yml(model)
        if model.name in HISTORIES:
            path = HERE / "history" / f"{model.name}_history.yml"
            contents[path.with_suffix(".sql")] = _history_sql(model)
            contents[path] = _yml(model, path, VALID_COLUMNS)
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
    options = {"is_deleted": model.is_deleted, **_stub(model), "partition": _partition(model)}
    options["ticket"] = _of_ticket(model)
    options["user"] = model.users[0] if model.goes_with_user else None
    given = "".join(f", {name}={value!r}" for name, value in options.items() if value)
    return f"{{{{ latest_incremental('{model.name}'{given}) }}}}\n"


def _stub(model: Model) -> dict[str, Any]:
    stub = model.deletion_stub
    return {"is_whole": stub.is_whole, "stub_columns": [*stub.columns]} if stub else {}


def _of_ticket(model: Model) -> dict[str, Any] | None:
    if not model.goes_with_ticket:
        return None
    properties = load_schema(model.name)["properties"]
    personal = [name for name, schema in properties.items() if personal_kind(schema)] + [UNKNOWN_PROPERTIES]
    unless = {"unless": model.kept_of_scrubbed} if model.kept_of_scrubbed else {}
    comments = {"comments": model.comments} if model.comments else {}
    return {"id": model.ticket, "personal": personal, **unless, **comments}


def _partition(model: Model) -> dict[str, str] | None:
    partition = model.partition
    return partition and {"by": partition.by, **({"on": partition.on} if partition.on else {})}


def _current_sql(model: Model) -> str:
    """The query is for dbt's lineage only: macros/current_table.sql merges new rows."""
    options = {
        "raw": model.name,
        "key": model.key if model.key != "id" else None,
        "clock": model.clock,
        **_stub(model),
        "current_partition": _partition(model),
        "computed": {one.name: {"type": one.type, "of": [*one.of], "sql": one.sql} for one in model.computed},
    }
    given = ",\n".join(f"        {name!r}: {value!r}" for name, value in options.items() if value)
    config = f"{{{{ config(\n    materialized='current_table',\n    meta={{\n{given}\n    }}\n) }}}}"
    return f"{config}\n\nselect * from {{{{ source('zendesk', '{model.name}') }}}}\n"


def _current_yml(model: Model) -> str:
    noun = model.name.replace("_", " ")
    description = (
        f"Merged rows of {model.name}, from which {model.name}_latest selects the version to show. One row per {noun}, "
        "and more for versions that may have to be shown again. Query the view instead."
    )
    content = {
        "version": 2,
        "models": [
            {
                "name": f"{model.name}_current",
                "description": description,
                "config": {"meta": {"grain": f"one row per {noun}"}},
            }
        ],
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)


def _history_sql(model: Model) -> str:
    options = {"clock": model.clock, "time": HISTORIES[model.name], "is_deleted": model.is_deleted}
    given = "".join(f", {name}={value!r}" for name, value in options.items() if value)
    return f"{{{{ history('{model.name}'{given}) }}}}\n"


def _yml(model: Model, path: Path, further: dict[str, str] | None = None) -> str:
    """`further`: TIMESTAMP columns with which each row is one version."""
    written: dict[str, Any] = yaml.safe_load(path.read_text())["models"][0] if path.exists() else {}
    known = {column["name"]: column for column in written.get("columns", [])}
    schema = load_schema(model.name)
    columns = [
        _column(model, field.name, _type(field), schema["properties"][field.name], known)
        for field in columns_of(schema).fields
    ]
    if not further:
        columns += [
            _column(model, one.name, one.type, {"description": one.description}, known)
            for one in model.computed
        ]
    if model.is_deleted or model.goes_with_ticket:
        columns.append(_column(model, "is_deleted", "BOOL", _is_deleted_column(model), known))
    if model.comments:
        columns.append(_column(model, "is_redacted", "BOOL", IS_REDACTED, known))
    for name, description in (further or {}).items():
        columns.append(_column(model, name, "TIMESTAMP", {"description": description}, known))
    if further:
        columns = [
            {**column, "data_tests": ["not_null"]} if column["name"] == model.key else column
            for column in columns
        ]
    grain = f"one row per {model.name.replace('_', ' ')}{' and version' if further else ''}"
    content = {
        "version": 2,
        "models": [
            {
                "name": path.stem,
                "description": written.get("description", _description(model, is_history=bool(further))),
                "config": {"meta": {"grain": grain}},
                "columns": columns,
            }
        ],
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)


def _is_deleted_column(model: Model) -> dict[str, Any]:
    what = "the object is" if model.is_deleted else "its ticket is"
    return {"description": f"Whether {what} deleted in Zendesk"}


def _description(model: Model, *, is_history: bool) -> str:
    noun = model.name.replace("_", " ")
    if is_history:
        return (
            f"The versions of each {noun} that are kept, and when each was valid. One row per {noun} and version. A deletion is "
            f"a version; without incremental exports it has few columns. Every query reads all versions."
        )
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
