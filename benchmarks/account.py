"""A simulated Zendesk account, and the cost of a process that reads it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Cost, cost

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TAP = Path(sys.executable).with_name("tap-zendesk-cityblock")


@contextmanager
def account(tickets: int) -> Iterator[tuple[str, Path]]:
    """The URL of a new account with this many tickets, and a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        options = ["--tickets", str(tickets), "--database", str(home / "zendesk.sqlite")]
        server = subprocess.Popen([sys.executable, "-m", "sandbox.zendesk", *options], stdout=subprocess.PIPE)
        try:
            assert server.stdout is not None
            yield json.loads(server.stdout.readline())["url"], home
        finally:
            server.terminate()
            server.wait()


def settings(url: str, **login: str) -> dict[str, object]:
    """The tap's settings, for tickets only, by the incremental export."""
    return {
        "environment": "local",
        "subdomain": "cityblock-local",
        "base_url": url,
        **login,
        "bulk_models": [],
        "incremental_models": ["ticket"],
        "fast_first_export": False,
    }


def cost_of(command: Sequence[object], log: Path, environment: Mapping[str, str] | None = None) -> Cost:
    """Cost of the command, its output thrown away. Raises SystemExit if it fails."""
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [str(part) for part in command], stdout=subprocess.DEVNULL, stderr=stderr, env=environment
        )
        return cost(process, log)
