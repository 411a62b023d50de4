"""Starts server processes, waits until they answer, and stops them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

START_SECONDS = 240
STOP_SECONDS = 15


class SandboxError(Exception):
    """A command cannot do its work; the message says why. If a server did not start, it ends with the last lines of its log."""


@contextmanager
def serving(
    name: str, argv: Sequence[str], *, probe: str, log: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs the server until the block is left, which is entered once `probe` answers.

    Its output goes to the file `log`. Raises SandboxError.
    """
    if answers(probe):
        raise SandboxError(f"{name}: something already listens at {probe}; is another sandbox up?")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*_dies_with_parent(), *argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(env or {})},
            process_group=0,  # the sandbox handles Ctrl-C, not the server
        )
    try:
        _wait_until_up(name, process, probe, log)
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Sends SIGTERM, then SIGKILL; returns when the process has ended."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_up(name: str, process: subprocess.Popen[bytes], probe: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers(probe):
        if process.poll() is not None or time.monotonic() > deadline:
            last = log.read_text(errors="replace")[-2000:]
            raise SandboxError(f"{name} did not start ({log}):\n{last}")
        time.sleep(0.05)


def answers(address: str) -> bool:
    """Whether a server answers at http://… (with any status), or listens at tcp://…."""
    parts = urllib.parse.urlsplit(address)
    try:
        if parts.scheme == "tcp":
            socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=5).close()
        else:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310 - a loopback address
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def check_is_up(*urls: str) -> None:
    """Raises SandboxError if a server of the sandbox does not answer."""
    for url in urls:
        if not answers(url):
            raise SandboxError(f"no sandbox answers at {url}: start one with `make sandbox`")


def _dies_with_parent() -> list[str]:
    """Linux ends the server if its parent is killed; elsewhere it has to be stopped manually."""
    return ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
