"""Commands of other environments, forked from a process that has imported them: see tests/fork_server.py."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SERVER = Path(__file__).with_name("fork_server.py")


class Forks:
    """Starts one command after the other."""

    def __init__(self, server: subprocess.Popen[str]) -> None:
        self._server = server

    def start(
        self, *command: str, environment: Mapping[str, str], output: Path, errors: Path
    ) -> tuple[int, Callable[[], int]]:
        """The id of its process, and what waits for its exit code. `environment`: beside the test's own variables."""
        request = {
            "arguments": command,
            "environment": {**os.environ, **environment},
            "output": str(output),
            "errors": str(errors),
        }
        assert self._server.stdin
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        return self._answer(), self._answer

    def _answer(self) -> int:
        assert self._server.stdout
        return int(self._server.stdout.readline())


@contextmanager
def forks(python: Path, entry_point: str, *imported: str, folder: Path | None = None) -> Iterator[Forks]:
    """`entry_point` (`module:function`) and the modules `imported` are of the interpreter's environment."""
    pipe = subprocess.PIPE
    # Without the folder of the script on the path: dbt would import what is named dbt_… there.
    command = [python, "-P", SERVER, entry_point, *imported]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=folder) as server:
        yield Forks(server)
        assert server.stdin
        server.stdin.close()
