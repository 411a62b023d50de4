"""`make model`: the skeleton of a new model, and a sentence for each argument that is invalid."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

TAP = Path(__file__).parents[2] / "tap-zendesk-cityblock"


@pytest.fixture
def folder(tmp_path):
    """The tap's folder, to be written to."""
    return shutil.copytree(TAP, tmp_path / "tap", ignore=shutil.ignore_patterns("__pycache__"))


def make_model(folder, **arguments):
    options = [f"--{name}={value}" for name, value in arguments.items()]
    return python(folder, folder / "make_model.py", *options)


def python(folder, *arguments):
    """The folder's own package goes before the installed one."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def load_schema(folder, model):
    return python(
        folder,
        "-c",
        f"from tap_zendesk_cityblock.columns import load_schema; print([*load_schema('{model}')['properties']])",
    )


def test_a_new_model_is_a_row_and_a_schema_file_to_be_described(folder):
    made = make_model(folder, name="sample_object", path="/api/v2/sample_objects")
    assert made.returncode == 0, made.stderr
    row = python(
        folder, "-c", "from tap_zendesk_cityblock.models import MODELS; print(MODELS['sample_object'])"
    ).stdout
    assert "path='/api/v2/sample_objects', root='sample_objects', paging=<Paging.LIST_CURSOR" in row
    unfinished = load_schema(folder, "sample_object")
    assert "schemas/sample_object.json: property 'name' has no description" in unfinished.stderr
    file = folder / "tap_zendesk_cityblock" / "schemas" / "sample_object.json"
    assert json.loads(file.read_text())["sandbox"] == {"path": "sample_objects"}
    file.write_text(file.read_text().replace("TODO", "Name"))
    assert load_schema(folder, "sample_object").stdout.startswith(
        "['id', 'created_at', 'updated_at', 'url', 'name', "
    )


def test_its_properties_can_come_from_the_openapi_document(folder):
    path = "/api/v2/incremental/sample_macros/cursor"
    made = make_model(folder, name="sample_macro", path=path, openapi="MacroObject")
    assert made.returncode == 0, made.stderr
    assert f'Model("sample_macro", "{path}", "sample_macros", Paging.EXPORT_CURSOR)' in made.stdout
    schema = json.loads((folder / "tap_zendesk_cityblock" / "schemas" / "sample_macro.json").read_text())
    assert schema["openapi"] == {"schema": "MacroObject"}
    assert schema["properties"]["actions"]["description"] == "TODO"
    assert next(iter(schema["properties"])) == "id"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"path": "/api/v2/sample_objects"}, "Invalid NAME '': expected a singular noun in snake_case"),
        ({"name": "SampleObject", "path": "/api/v2/sample_objects"}, "Invalid NAME 'SampleObject'"),
        ({"name": "brand", "path": "/api/v2/brands"}, "models.py already has the model 'brand'"),
        (
            {"name": "sample_object", "path": "sample_objects"},
            "Invalid PATH 'sample_objects': expected Zendesk's path",
        ),
        (
            {"name": "sample_object", "path": "/api/v2/sample_objects.json"},
            "Invalid PATH '/api/v2/sample_objects.json': leave out .json",
        ),
    ],
)
def test_invalid_arguments_are_named_and_nothing_is_written(folder, arguments, sentence):
    before = (folder / "tap_zendesk_cityblock" / "models.py").read_text()
    made = make_model(folder, **arguments)
    assert made.returncode == 1
    assert made.stderr.startswith(sentence)
    assert (folder / "tap_zendesk_cityblock" / "models.py").read_text() == before


def test_a_schema_file_without_a_row_is_not_overwritten(folder):
    file = folder / "tap_zendesk_cityblock" / "schemas" / "sample_object.json"
    file.write_text("{}")
    made = make_model(folder, name="sample_object", path="/api/v2/sample_objects")
    assert made.returncode == 1
    assert made.stderr == "schemas/sample_object.json has no row in models.py: add one, or delete the file\n"
    assert file.read_text() == "{}"
