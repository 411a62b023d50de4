"""Libraries that singer_sdk imports and runs do not use: not imported, and there nevertheless."""

import subprocess
import sys

import pytest

IMPORTED = """
import sys
from cityblock_singer.postponed import postpone

postpone()
from singer_sdk import about, pagination, target_base
from singer_sdk.batch import Batcher
from singer_sdk.helpers import _batch

of_them = {
    "backoff._decorator", "fsspec", "importlib_metadata._meta", "joblib.parallel", "jsonpath_ng", "packaging.utils", "upath.core"
}
assert not of_them & sys.modules.keys()
"""
USED = """
drained = []
with target_base.parallel_config(backend="threading", n_jobs=2):
    target_base.Parallel()(target_base.delayed(drained.append)(sink) for sink in "ab")
assert sorted(drained) == ["a", "b"]
assert _batch.StorageTarget.split_url("file:///folder/file.jsonl") == ("file:///folder", "file.jsonl")
assert [*about.get_supported_pythons(">=3.11,<3.13")] == ["3.11", "3.12"]
assert Batcher.get_batcher("jsonl").__name__ == "JSONLinesBatcher"
assert [*pagination.extract_jsonpath("$.rows[*]", {"rows": [1, 2]})] == [1, 2]
"""


@pytest.mark.processes
def test_what_singer_sdk_imports_for_rare_uses_is_imported_when_it_is_used():
    run = subprocess.run([sys.executable, "-c", IMPORTED + USED], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
