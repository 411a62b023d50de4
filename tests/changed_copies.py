"""Copies of the project with a change that a test has to notice."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
NOT_COPIED = (
    *("build", "output", ".git", ".sandbox", ".venv", ".venvs", ".meltano", "target", "logs"),
    "__pycache__",
)
LINKED = (".git", ".venv", ".venvs", ".meltano")
PACKAGES = (
    *("cityblock-singer", "tap-zendesk-cityblock", "target-bigquery", "target-zendesk-pubsub"),
    *("zendesk-erasure", "local-pubsub"),
)


@contextmanager
def copied() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "copy"
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*NOT_COPIED), symlinks=True)
        for name in LINKED:
            (folder / name).symlink_to(ROOT / name)
        yield folder


def run(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A command of Python, with the packages of the copy."""
    packages = os.pathsep.join(map(str, (folder, *(folder / one for one in PACKAGES))))
    return subprocess.run(
        [ROOT / ".venv" / "bin" / "python", "-m", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": packages},
        capture_output=True,
        text=True,
        check=False,
    )


def failed_test(folder: Path, *tests: str) -> str | None:
    """Name of the first test that fails, None if none does. Raises RuntimeError if none was run."""
    ran = run(folder, "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests)
    failed = re.search(r"^(?:FAILED|ERROR) (\S+?)(?:\[| |$)", ran.stdout, re.MULTILINE)
    if ran.returncode and not failed:
        raise RuntimeError(ran.stdout[-3000:] + ran.stderr[-3000:])
    return failed and failed[1]
