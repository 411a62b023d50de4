import signal
import sys

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests import processes

pytest_plugins = ["sandbox.testing"]

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
    config.addinivalue_line("markers", "processes: starts processes without a fixture, so it is not fast")


class ByFile(LoadScopeScheduling):
    """One worker a file; and one for all files that run Meltano, whose runs wait for one another."""

    def _split_scope(self, nodeid):
        file = nodeid.partition("::")[0]
        return "meltano" if "end_to_end/" in file else file


@pytest.hookimpl
def pytest_xdist_make_scheduler(config, log):
    return ByFile(config, log)


def is_fast(item):
    if item.get_closest_marker("fast"):
        return True
    return STARTS_SOMETHING.isdisjoint(item.fixturenames) and not item.get_closest_marker("processes")


def pytest_collection_modifyitems(config, items):
    """Files that take minutes come first, so that none is left to one worker while the others have nothing to do."""
    items.sort(key=lambda item: item.path.parent.name not in ("end_to_end", "transform"))
    if config.getoption("fast"):
        config.hook.pytest_deselected(items=[item for item in items if not is_fast(item)])
        items[:] = filter(is_fast, items)


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
    is_guarded = item.config.getoption("fast") and not item.get_closest_marker("fast")
    try:
        return (yield)
    finally:
        is_guarded = False


@pytest.fixture(scope="session")
def commands():
    """The plugins' commands as processes: `commands.start`, `commands.run`."""
    with processes.fork_server():
        yield processes
