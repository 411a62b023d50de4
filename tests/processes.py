"""The plugins' commands as processes of their own, forked from one that has imported them: a start is most of what they cost.

A forked process has its own pid, working folder, environment, arguments, standard streams and exit code, and a signal
ends it as any other. It lacks two things: what Python and libraries read of the environment as they start (a command
with such a variable is started as installed), and the interpreter's last clean-up (a test may ask for `installed`).
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path

SCRIPTS = Path(sys.executable).parent
READ_AT_START = ("PYTHONPATH", "GOOGLE_SDK_PYTHON_LOGGING_SCOPE")
STARTED_IN = dict(os.environ)
FORKS = multiprocessing.get_context("forkserver")
IMPORTED_LATE = {"tap_zendesk_cityblock.tap", "target_bigquery.target", "target_zendesk_pubsub.target"}
"""By the commands of these plugins, when they run."""
ZENDESK = EntryPoint("sandbox.zendesk", "sandbox.zendesk.__main__:main", "")
"""Started by its name, too."""


@cache
def _commands():
    """The entry points of the plugins and of the Zendesk simulator, by the names of their commands."""
    plugins = (
        "tap-zendesk-cityblock",
        "target-bigquery",
        "target-zendesk-pubsub",
        "zendesk-erasure",
        "zendesk-reconciliation",
    )
    installed = (entry for entry in entry_points(group="console_scripts") if entry.name.startswith(plugins))
    return {entry.name: entry for entry in (*installed, ZENDESK)}


@contextmanager
def fork_server():
    """What `start` forks from. It is waited for, so that `time` counts its processes as ours."""
    FORKS.set_forkserver_preload(sorted({entry.module for entry in _commands().values()} | IMPORTED_LATE))
    forkserver.ensure_running()
    try:
        yield
    finally:
        for left in multiprocessing.active_children():
            left.kill()
        forkserver._forkserver._stop()  # noqa: SLF001 - as CPython's own tests do; nothing public waits


def start(command, *arguments, env=None, installed=False):
    """The command of that name, under way; its streams are pipes of bytes. `env`: the whole of its environment."""
    line = [str(SCRIPTS / command), *map(str, arguments)]
    environment = dict(os.environ if env is None else env)
    if installed or any(
        name in environment and environment[name] != STARTED_IN.get(name) for name in READ_AT_START
    ):
        pipe = subprocess.PIPE
        return subprocess.Popen(line, stdin=pipe, stdout=pipe, stderr=pipe, env=environment)
    return Forked(line, environment)


def run(command, *arguments, given=b"", timeout=120, **how):
    """The command, run to its end; what it writes as text."""
    with start(command, *arguments, **how) as process:
        out, err = process.communicate(given, timeout=timeout)
    return subprocess.CompletedProcess(process.args, process.returncode, out.decode(), err.decode())


class Forked:
    """As subprocess.Popen, as far as tests use it."""

    def __init__(self, args, env):
        self.args = args
        (given, stdin), (stdout, out), (stderr, err) = os.pipe(), os.pipe(), os.pipe()
        theirs = [Connection(given, writable=False), Connection(out), Connection(err)]
        main = _commands()[Path(args[0]).name].load()
        self._process = FORKS.Process(target=_become, args=(main, args, env, Path.cwd(), theirs), daemon=True)
        self._process.start()
        for one in theirs:
            one.close()
        self.pid = self._process.pid
        self.stdin, self.stdout, self.stderr = (
            os.fdopen(number, mode) for number, mode in ((stdin, "wb"), (stdout, "rb"), (stderr, "rb"))
        )

    @property
    def returncode(self):
        return self._process.exitcode

    def poll(self):
        return self.returncode

    def wait(self, timeout=None):
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self.args, timeout)
        return self.returncode

    def send_signal(self, number):
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def communicate(self, given=b"", timeout=None):
        with ThreadPoolExecutor() as pool:
            out, err = (
                pool.submit(lambda pipe=pipe: b"" if pipe.closed else pipe.read())
                for pipe in (self.stdout, self.stderr)
            )
            pool.submit(self._give, given)
            try:
                self.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        self.stdout.close()
        self.stderr.close()
        return out.result(), err.result()

    def _give(self, given):
        if not self.stdin.closed:
            with suppress(BrokenPipeError):
                self.stdin.write(given)
            with suppress(BrokenPipeError):  # of what is left in its buffer; it is closed all the same
                self.stdin.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with suppress(BrokenPipeError):
            self.stdin.close()
        self.stdout.close()
        self.stderr.close()
        self.wait()


def _become(main, args, env, folder, pipes):
    """In the forked process."""
    gc.freeze()  # what was imported stays
    for number, pipe in enumerate(pipes):
        os.dup2(pipe.fileno(), number)
        pipe.close()
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = sys.__stdout__ = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.__stderr__ = open(  # noqa: SIM115
        2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False
    )
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    warnings._processoptions(env.get("PYTHONWARNINGS", "").split(","))  # noqa: SLF001 - as Python's start does
    os.chdir(folder)
    sys.argv = args
    try:
        code = main()
    except SystemExit as leaving:
        code = leaving.code
    gc.collect()  # what is left open says so
    sys.exit(code)
