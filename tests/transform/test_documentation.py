"""dbt's documentation of the views: descriptions, personal columns, and the freshness of exports."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from tap_zendesk_cityblock.columns import MARK, load_schema
from tap_zendesk_cityblock.models import MODELS
from tap_zendesk_cityblock.state.export_metadata import ExportMetadataStream

from tests.transform.metrics.questions import written as questions

PERSONAL = {
    f"{model}.{name}": schema[MARK]["personal"]
    for model in MODELS
    for name, schema in load_schema(model)["properties"].items()
    if MARK in schema
}


def test_what_people_write_and_are_reached_by_is_personal():
    for column, kind in {
        "ticket.subject": "text",
        "ticket.description": "text",
        "ticket.custom_fields": "values",
        "ticket.via": "contact",
        "user.name": "name",
        "user.email": "contact",
        "user.phone": "contact",
        "user.external_id": "identifier",
        "user.photo": "picture",
        "user.notes": "text",
        "suspended_ticket.content": "text",
        "nps_response.comment": "text",
        "deleted_user.email": "contact",
        "deleted_ticket.actor": "name",
        "survey_response.answers": "text",
        "email_notification.recipients": "contact",
        "call_leg.forwarded_to": "contact",
    }.items():
        assert PERSONAL[column] == kind


def test_no_description_is_cut_off_at_a_comma():
    """In a YAML mapping in braces, an unquoted description ends at its first comma; the rest becomes a key."""
    for file in (Path(__file__).parents[2] / "transform" / "models").rglob("*_latest.yml"):
        [model] = yaml.safe_load(file.read_text())["models"]
        for column in model["columns"]:
            assert column.keys() <= {"name", "data_type", "description", "config", "data_tests"}, file.name


def test_documentation_is_complete_and_freshness_is_that_of_exports(views):
    """One dbt project read twice: each reading takes seconds."""
    now = datetime.now(UTC)
    exports = [
        {
            "table_name": model,
            "bq_inserted_at": (now - age).isoformat(),
            "export_id": f"{model} {age}",
            "export_status": "complete",
        }
        for model, age in (
            ("group", timedelta(hours=1)),
            ("brand", timedelta(days=3)),
            ("brand", timedelta(days=-5)),  # by a clock that was ahead
        )
    ]
    schema, key = ExportMetadataStream.schema, ("export_id", "bq_inserted_at")
    views.load("EXPORT_METADATA", *exports, schema=schema, key=key)

    tables = ["source:zendesk.group", "source:zendesk.brand", "source:zendesk.EXPORT_METADATA"]
    checked = views.dbt("source", "freshness", "--select", *tables)
    results = json.loads((Path(views.home) / "dbt" / "sources.json").read_text())["results"]
    assert {result["unique_id"].rpartition(".")[2]: result["status"] for result in results} == {
        "group": "pass",
        "brand": "error",  # its last complete export is three days old
        "EXPORT_METADATA": "pass",
    }, checked.stdout
    assert checked.returncode == 1

    written = views.dbt("--warn-error", "docs", "generate", "--static", "--no-compile")
    assert written.returncode == 0, written.stdout
    assert (views.home / "dbt" / "static_index.html").stat().st_size > 1_000_000
    manifest = json.loads((views.home / "dbt" / "manifest.json").read_text())
    models = {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    assert {f"{model}_latest" for model in MODELS} < set(models)
    for name, model in models.items():
        assert model["config"]["meta"]["owner"] == "data-engineering", name
        assert model["config"]["meta"]["grain"].startswith("one row per "), name
        assert "One row per" in model["description"], name
        assert model["group"] in {group["name"] for group in manifest["groups"].values()}, name
        for column in model["columns"].values():
            assert column["description"], f"{name}.{column['name']}"
            assert ("phi" in column["config"]["tags"]) == ("personal" in column["config"]["meta"])
    tagged = {
        f"{name.removesuffix('_latest')}.{column['name']}": column["config"]["meta"]["personal"]
        for name, model in models.items()
        for column in model["columns"].values()
        if "phi" in column["config"]["tags"]
    }
    assert "Care work in Zendesk" in manifest["docs"]["doc.zendesk.__overview__"]["block_contents"]
    check_exposures(manifest)
    assert PERSONAL.items() <= tagged.items()
    assert {column for column in tagged if column.partition(".")[0] in MODELS} == set(PERSONAL)


def check_exposures(manifest):
    """Commons, and each question of the documentation with the views that its query reads."""
    found = {
        exposure["label"]: {node.rpartition(".")[2] for node in exposure["depends_on"]["nodes"]}
        for exposure in manifest["exposures"].values()
    }
    asked = {question: set(re.findall(r"zendesk\.(\w+)", sql)) for question, sql in questions().items()}
    assert len(asked) == 10
    assert found == {"Commons": {"zendesk_user_directory"}, **asked}
