import gc
import signal
import sys
from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling

from tests import processes
from tests.dbt_runs import dbt_server

pytest_plugins = ["tests.servers"]

STARTS_SOMETHING = {"commands", "warehouse", "pubsub", "zendesk_url", "project", "server", "up", "url", "gcs"}
"""Fixtures that start servers or processes: a test that asks for none of them is fast."""


def pytest_addoption(parser):
    parser.addoption(
        "--fast", action="store_true", help="tests of functions, and a smoke test of each plugin"
    )


def pytest_configure(config):
    """The background job of a shell ignores SIGINT, and so would every process that a test sends one to."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "fast: in `make test-fast`, though it starts servers or processes")
    config.addinivalue_line(
        "markers", "own_verb: only if its file is named, as its verb in the Makefile does"
    )
    config.addinivalue_line("markers", "processes: starts processes without a fixture, so it is not fast")


@pytest.hookimpl
def pytest_xdist_make_scheduler(config, log):
    """One worker a file."""
    return LoadFileScheduling(config, log)


def is_fast(item):
    if item.get_closest_marker("fast"):
        return True
    return STARTS_SOMETHING.isdisjoint(item.fixturenames) and not item.get_closest_marker("processes")


def is_asked_for(item):
    """Files with a verb of their own run only if they are named."""
    named = {Path(name).resolve() for name in item.config.args}
    return not item.get_closest_marker("own_verb") or item.path in named


def pytest_collection_modifyitems(config, items):
    """Files that take minutes come first, so that none is left to one worker while the others have nothing to do."""
    items.sort(key=lambda item: item.path.parent.name not in ("end_to_end", "transform"))
    only_fast = config.option.fast
    wanted = [item for item in items if is_asked_for(item) and (is_fast(item) or not only_fast)]
    kept = set(wanted)
    if unwanted := [item for item in items if item not in kept]:
        config.hook.pytest_deselected(items=unwanted)
    items[:] = wanted


gc.disable()  # what collecting tests imports and makes stays


def pytest_collection_finish():
    gc.freeze()
    gc.enable()


is_guarded = False


def refuse_processes(event, _arguments):
    if is_guarded and event in ("subprocess.Popen", "os.fork", "os.posix_spawn"):
        raise RuntimeError(
            "this test counts as fast but starts a process: mark it `processes`, or add its fixture"
        )


sys.addaudithook(refuse_processes)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """What is fast is known by its fixtures and markers; where they say too little, the test fails."""
    global is_guarded  # noqa: PLW0603 - audit hooks cannot be removed
    is_guarded = is_fast(item) and not item.get_closest_marker("fast")
    try:
        return (yield)
    finally:
        is_guarded = False


@pytest.fixture(scope="session")
def commands():
    """The plugins' commands as processes: `commands.start`, `commands.run`."""
    with processes.fork_server():
        yield processes


@pytest.fixture(scope="session")
def dbt_runs(tmp_path_factory):
    with dbt_server(tmp_path_factory.mktemp("dbt")) as runs:
        yield runs
