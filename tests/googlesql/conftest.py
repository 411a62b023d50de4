"""These tests run in an environment of their own (`make test-googlesql`), because the engine needs its own protobuf."""

import json
import os
from importlib.util import find_spec
from pathlib import Path

import pytest

collect_ignore_glob = [] if find_spec("zetasql") else ["test_*.py"]


@pytest.fixture(scope="session")
def shown():
    """What record_tricky_rows.py wrote."""
    return json.loads((Path(os.environ["BIGQUERY_RECORDING"]) / "tricky_rows.json").read_text())
