"""Server processes that are ready when they are handed out, and gone when they are given back."""

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

START_SECONDS = 60
STOP_SECONDS = 15


class ServerStartError(Exception):
    """A server of the sandbox is not there, or did not come up; the message then ends with its last words."""


@contextmanager
def serving(
    name: str, argv: Sequence[str], *, probe: str, log: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """The running server, from when `probe` answers until the block is left.

    What it prints goes to the file `log`. Raises ServerStartError.
    """
    if answers(probe):
        raise ServerStartError(f"{name}: something already listens at {probe}; is another sandbox up?")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*_dies_with_parent(), *argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(env or {})},
            process_group=0,  # a Ctrl-C in the terminal is the sandbox's to handle, not the server's
        )
    try:
        _wait_until_up(name, process, probe, log)
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Asks, then insists; returns when the process is gone."""
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
            raise ServerStartError(f"{name} did not start ({log}):\n{last}")
        time.sleep(0.05)


def answers(address: str) -> bool:
    """Whether a server is there: at http://…, one that answers, whatever it says; at tcp://…, one that listens."""
    parts = urllib.parse.urlsplit(address)
    try:
        if parts.scheme == "tcp":
            socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=5).close()
        else:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310 - a loopback address of our own
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def check_is_up(*urls: str) -> None:
    """Raises ServerStartError where a server of the sandbox does not answer."""
    for url in urls:
        if not answers(url):
            raise ServerStartError(f"no sandbox answers at {url}: start one with `make sandbox`")


def _dies_with_parent() -> list[str]:
    """Linux can end a server whose parent was killed; elsewhere it then has to be stopped by hand."""
    return ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
