"""The product at another commit, to measure it beside this one."""

from __future__ import annotations

import shlex
import subprocess
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]


@contextmanager
def build_of(other: str) -> Iterator[Path]:
    """The folder of `other`: a checkout in which `make setup` has run, or a commit, which is set up in a temporary folder."""
    if Path(other).is_dir():
        yield Path(other).absolute()
        return
    with TemporaryDirectory() as folder:
        for command in (
            f"git archive {shlex.quote(other)} | tar -x -C {folder}",
            f"make --no-print-directory -C {folder} setup",
        ):
            subprocess.run(["/bin/sh", "-ec", command], cwd=ROOT, check=True)
        yield Path(folder)
