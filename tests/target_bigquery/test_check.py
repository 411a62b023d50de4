"""Whether a run would find what it needs: the command target-bigquery-check."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.addresses import BUCKET, PROJECT

CHECK = Path(sys.executable).with_name("target-bigquery-check")


@pytest.fixture
def check(warehouse, dataset, tmp_path):
    def run(**settings):
        config = {
            "environment": "local",
            "project": PROJECT,
            "dataset": dataset,
            "bucket": BUCKET,
            "bigquery_emulator_host": warehouse.addresses.bigquery_url,
            "storage_emulator_host": warehouse.addresses.gcs_url,
            **settings,
        }
        path = tmp_path / "config.json"
        path.write_text(json.dumps(config))
        return subprocess.run(
            [CHECK, "--config", path], capture_output=True, text=True, timeout=60, check=False
        )

    return run


def test_everything_is_there(check):
    ran = check()
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("ok ") == 3


def test_what_is_missing_is_named_with_what_to_do(check):
    ran = check(dataset="nowhere", bucket="nothing")
    assert ran.returncode == 1
    assert (
        "MISSING dataset local-cityblock-data.nowhere in US: NotFound (404)\n        → create it"
        in ran.stdout
    )
    assert "MISSING bucket nothing: NotFound (404)" in ran.stdout


def test_a_dataset_that_is_elsewhere_is_told(check):
    ran = check(location="EU")
    assert ran.returncode == 1
    assert "it is in US\n        → set location to where it is" in ran.stdout


def test_a_settings_file_that_is_missing_is_one_sentence():
    ran = subprocess.run(
        [CHECK, "--config", "nowhere.json"], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 1
    assert "--config: there is no file nowhere.json" in ran.stderr
    assert "Traceback" not in ran.stderr
