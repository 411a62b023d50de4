"""These tests run in the page's own environment (`make test-page`), which has Altair and vl-convert."""

from importlib.util import find_spec
from pathlib import Path

import pytest

collect_ignore_glob = [] if find_spec("vl_convert") else ["test_*.py"]
PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def runbook():
    from operations_page.runbook import Runbook  # noqa: PLC0415 - other environments do not have it

    return Runbook(PROJECT / "docs" / "runbook.md")
