"""dbt commands on the project in transform/, with what every start repeats done once: imports, and reading the project."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.forks import Forks, forks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
TRANSFORM = ROOT / "transform"
PYTHON = ROOT / ".meltano" / "utilities" / "dbt-bigquery" / "venv" / "bin" / "python"
IMPORTED_LATE = "dbt.adapters.bigquery"
"""When dbt reads its profile."""


class Dbt:
    """Runs one command after the other."""

    def __init__(self, server: Forks, home: Path) -> None:
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
        started, ended = self._server.start(
            "dbt", *command, environment=variables, output=output, errors=output
        )

        def wait() -> subprocess.CompletedProcess[str]:
            code = ended()
            if not known:
                shutil.copy(target / "partial_parse.msgpack", parsed)
            return subprocess.CompletedProcess(["dbt", *command], code, output.read_text())

        return started, wait


@contextmanager
def dbt_server(home: Path) -> Iterator[Dbt]:
    """Keeps its own files in `home`."""
    with forks(PYTHON, "dbt.cli.main:cli", IMPORTED_LATE) as server:
        yield Dbt(server, home)
