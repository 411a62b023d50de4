"""Schema files: what is missing or invalid is named, and nothing of Zendesk's OpenAPI document is missing."""

import importlib.util
import json
import re
from pathlib import Path

import pytest
from tap_zendesk_cityblock.columns import EXPORT_COLUMNS, MARK, emitted_schema, load_schema
from tap_zendesk_cityblock.errors import SchemaError
from tap_zendesk_cityblock.models import MODELS

from sandbox.zendesk.models import BY_MODEL, DERIVED

TAP = Path(__file__).parents[2] / "tap-zendesk-cityblock"
FILES = {path.stem: path for path in (TAP / "tap_zendesk_cityblock" / "schemas").glob("*.json")}


@pytest.fixture(scope="module")
def make_schemas():
    spec = importlib.util.spec_from_file_location("make_schemas", TAP / "make_schemas.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def written(**properties):
    described = {"type": ["string", "null"], "description": "The subject"}
    return {
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": {"type": "integer", "description": "Zendesk's ID"},
            **{name: {**described, **changes} for name, changes in properties.items()},
        },
    }


def test_every_schema_file_is_a_models():
    without_file, without_row = MODELS.keys() - FILES.keys(), FILES.keys() - MODELS.keys()
    assert not without_file, f"write schemas/<model>.json for {sorted(without_file)}"
    assert not without_row, (
        f"add the row to models.py, or remove schemas/<model>.json, for {sorted(without_row)}"
    )


@pytest.mark.parametrize("name", [name for name in MODELS if name not in DERIVED])
def test_the_sandbox_serves_the_model_where_its_row_says(name):
    row, served = MODELS[name], BY_MODEL[name]
    assert (served.path, served.root) == (row.path, row.root), (
        f"{name}: the path or root in models.py is not that of the sandbox: correct the row, or `sandbox` in "
        f"schemas/{name}.json; of a model that is not a plain list, its row in sandbox/zendesk/models.py"
    )


def test_the_tap_emits_the_file_with_its_own_columns_and_marks():
    emitted = emitted_schema("ticket", written(subject={"personal": "text"}))
    assert emitted["properties"]["subject"] == {
        "type": ["string", "null"],
        "description": "The subject",
        MARK: {"personal": "text"},
    }
    assert emitted["properties"].keys() == {"id", "subject"} | EXPORT_COLUMNS.keys()


def test_a_model_without_a_schema_file_is_named():
    with pytest.raises(
        SchemaError, match=r"^ticket_rule has no schema file: write schemas/ticket_rule\.json"
    ):
        load_schema("ticket_rule")


@pytest.mark.parametrize("description", ["", "TODO", "TODO: what is it?"])
def test_a_property_without_a_description_is_refused(description):
    with pytest.raises(SchemaError, match=r"schemas/ticket\.json: property 'address' has no description"):
        emitted_schema("ticket", written(address={"description": description}))


USUALLY_PERSONAL = re.compile(
    r"(^|_)(address|avatar|avatar_url|body|comment|email|first_name|ip|last_name|phone|phone_number|screen_name)$"
)
NOT_ABOUT_A_PERSON = {"article.body", "call.phone_number", "support_address.email"}
"""Published by the account, or its own."""


def test_columns_of_names_that_are_usually_personal_are_marked():
    unmarked = {
        f"{model}.{name}"
        for model in MODELS
        for name, schema in json.loads(FILES[model].read_text())["properties"].items()
        if USUALLY_PERSONAL.search(name) and "string" in schema["type"] and "personal" not in schema
    }
    forgotten = sorted(unmarked - NOT_ABOUT_A_PERSON)
    assert not forgotten, (
        f'add "personal" to {forgotten} in schemas/<model>.json, or list them in NOT_ABOUT_A_PERSON'
    )
    assert unmarked == NOT_ABOUT_A_PERSON


def test_an_unknown_kind_of_personal_column_is_refused():
    with pytest.raises(SchemaError, match="invalid `personal` of 'address': expected one of name, contact"):
        emitted_schema("ticket", written(address={"personal": True}))


def test_a_schema_without_the_models_key_is_refused():
    with pytest.raises(SchemaError, match=r"schemas/custom_object\.json lacks the key 'key'"):
        emitted_schema("custom_object", written())


@pytest.mark.parametrize("model", MODELS)
def test_no_property_of_the_openapi_document_is_missing(model, make_schemas):
    schema = json.loads(FILES[model].read_text())
    if "openapi" in schema:
        document = make_schemas.Document(json.loads(make_schemas.EXTRACT.read_text())["schemas"])
        assert make_schemas.completed(model, schema, document) == (schema, [])


def test_a_property_that_is_new_in_the_openapi_document_is_added_to_be_described(make_schemas):
    schema = json.loads(FILES["tag"].read_text())
    extract = json.loads(make_schemas.EXTRACT.read_text())["schemas"]
    extract["TagListTagObject"]["properties"]["last_used_at"] = {"type": "string"}
    whole, missing = make_schemas.completed("tag", schema, make_schemas.Document(extract))
    assert missing == ["last_used_at"]
    assert whole["properties"]["last_used_at"] == {
        "type": ["string", "null"],
        "format": "date-time",
        "description": "TODO",
    }
