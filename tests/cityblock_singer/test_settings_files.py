"""Settings files that Meltano writes, and leaves behind when a run is killed."""

import os
import time

import pytest
from cityblock_singer.settings_files import keep_private

OLD = time.time() - 86400


@pytest.mark.parametrize("kind", ["tap", "target"])
def test_files_of_meltano_become_private_and_those_of_killed_runs_are_removed(kind, tmp_path):
    own, other_run, left, foreign = files = [
        tmp_path / f"{kind}.01a21ceb-d716-7c5e-b82a-15b2206adbfb.config.json",
        tmp_path / f"{kind}.01a21ceb-d716-7c5e-b82a-15b2206adbfc.config.json",
        tmp_path / f"{kind}.01a21ceb-d716-7c5e-b82a-15b2206adbfd.config.json",
        tmp_path / "config.json",
    ]
    for file in files:
        file.write_text('{"project": "p"}')
        file.chmod(0o644)
    for file in (left, foreign):
        os.utime(file, (OLD, OLD))

    keep_private(own)

    modes = {file: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert modes == {own: 0o600, other_run: 0o600, foreign: 0o644}


def test_other_files_stay_as_they_are(tmp_path):
    own = tmp_path / "config.json"
    own.write_text('{"project": "p"}')
    own.chmod(0o640)
    keep_private(own)
    assert own.stat().st_mode & 0o777 == 0o640
