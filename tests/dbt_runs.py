"""dbt commands on the project in transform/, with what every start repeats done once: imports, and reading the project."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
TRANSFORM = ROOT / "transform"
PYTHON = ROOT / ".meltano" / "utilities" / "dbt-bigquery" / "venv" / "bin" / "python"


class Dbt:
    """Runs one command after the other."""

    def __init__(self, server: subprocess.Popen[str], home: Path) -> None:
        self._server = server
        self.home = home

    def run(
        self, *arguments: object, dataset: str, target: Path, environment: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """`dbt ARGUMENTS`, with these variables beside the test's own; what it writes is `stdout`, and files in `target`.

        dbt reads the whole project again whenever the dataset is another one.
        """
        return self.start(*arguments, dataset=dataset, target=target, environment=environment)[1]()

    def start(
        self, *arguments: object, dataset: str, target: Path, environment: dict[str, str]
    ) -> tuple[int, Callable[[], subprocess.CompletedProcess[str]]]:
        """The same, under way: the id of its process, and what waits for its end."""
        parsed, output = self.home / f"{dataset}.msgpack", self.home / "output"
        known = {"DBT_PARTIAL_PARSE_FILE_PATH": str(parsed)} if parsed.exists() else {}
        paths = {"DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(self.home / "logs")}
        command = [*map(str, arguments), "--project-dir", str(TRANSFORM), "--profiles-dir", str(TRANSFORM)]
        variables = {"DBT_DATASET": dataset, **paths, **known, **environment}
        started = self._request(command, variables, output)

        def wait() -> subprocess.CompletedProcess[str]:
            code = self._answer()
            if not known:
                shutil.copy(target / "partial_parse.msgpack", parsed)
            return subprocess.CompletedProcess(["dbt", *command], code, output.read_text())

        return started, wait

    def _request(self, arguments: list[str], environment: dict[str, str], output: Path) -> int:
        request = {
            "arguments": arguments,
            "environment": {**os.environ, **environment},
            "output": str(output),
        }
        assert self._server.stdin
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        return self._answer()

    def _answer(self) -> int:
        assert self._server.stdout
        return int(self._server.stdout.readline())


@contextmanager
def dbt_server(home: Path) -> Iterator[Dbt]:
    """Keeps its own files in `home`."""
    pipe = subprocess.PIPE
    command = [PYTHON, ROOT / "tests" / "dbt_server.py"]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as server:
        yield Dbt(server, home)
        assert server.stdin
        server.stdin.close()
