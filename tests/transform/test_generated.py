"""The models and their documentation are made of the tap's table of models."""

import re
import shutil
import subprocess
import sys

import pytest
import yaml
from tap_zendesk_cityblock.models import MODELS, OPT_IN_MODELS

from tests.transform.conftest import ROOT


def make_models(transform, *arguments):
    return subprocess.run(
        [sys.executable, transform / "make_models.py", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.processes
def test_models_and_columns_are_those_of_the_tap_and_the_loader():
    checked = make_models(ROOT / "transform", "--check")
    assert checked.returncode == 0, checked.stdout


@pytest.mark.processes
@pytest.mark.parametrize(
    ("path", "was", "drifted"),
    [
        ("sources.yml", "  - name: brand\n", ""),
        ("sources.yml", "{name: schedule, config: {freshness: null}}", "name: schedule"),
        ("bulk/brand_latest.sql", "clock='updated_at'", "clock='created_at'"),
    ],
)
def test_what_no_longer_agrees_with_the_table_of_models_is_named_and_rewritten(tmp_path, path, was, drifted):
    shutil.copy(ROOT / "transform" / "make_models.py", tmp_path)
    shutil.copytree(ROOT / "transform" / "models", tmp_path / "models")
    file = tmp_path / "models" / path
    right = file.read_text()
    file.write_text(right.replace(was, drifted))

    checked = make_models(tmp_path, "--check")
    assert (checked.returncode, checked.stdout) == (1, f"stale {path}: run `make docs`\n")
    assert file.read_text() != right
    written = make_models(tmp_path)
    assert (written.returncode, written.stdout) == (0, f"wrote {path}\n")
    assert file.read_text() == right


@pytest.mark.processes
def test_a_schema_file_without_a_row_of_the_table_of_models_is_named(tmp_path):
    shutil.copy(ROOT / "transform" / "make_models.py", tmp_path)
    tap = shutil.copytree(
        ROOT / "tap-zendesk-cityblock" / "tap_zendesk_cityblock", tmp_path / "tap_zendesk_cityblock"
    )
    (tap / "schemas" / "sample_object.json").write_text("{}")
    made = make_models(tmp_path)
    assert made.returncode == 1
    assert made.stderr == "schemas/sample_object.json has no row in models.py: add one, or delete the file\n"


@pytest.mark.processes
def test_targets_differ_in_project_and_dataset_only():
    """Google's analyzer sees the SQL of the targets local (these tests) and prod (tests/googlesql). It holds for staging."""
    outputs = yaml.safe_load((ROOT / "transform" / "profiles.yml").read_text())["zendesk"]["outputs"]
    assert outputs["staging"] == outputs["prod"] | {"project": outputs["staging"]["project"]}
    listed = ["git", "ls-files", "transform/*.sql", "transform/*.yml"]  # dbt writes others beside them
    files = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    written = "\n".join((ROOT / file).read_text() for file in files if file != "transform/profiles.yml")
    assert set(re.findall(r"\btarget\.(\w+)", written)) == {"schema", "project"}


@pytest.mark.parametrize("model", MODELS)
def test_each_model_has_its_view_beside_its_description(model):
    kind = "incremental" if MODELS[model].is_incremental else "bulk"
    folder = ROOT / "transform" / "models" / ("opt_in" if MODELS[model] in OPT_IN_MODELS else kind)
    assert (folder / f"{model}_latest.sql").exists()
    assert "One row per" in " ".join((folder / f"{model}_latest.yml").read_text().split())
