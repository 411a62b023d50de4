import signal

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests import processes

pytest_plugins = ["sandbox.testing"]


def pytest_configure():
    """The background job of a shell ignores SIGINT, and so would every process that a test sends one to."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def commands():
    """The plugins' commands as processes: `commands.start`, `commands.run`."""
    with processes.fork_server():
        yield processes


class ByFile(LoadScopeScheduling):
    """One worker a file; and one for all files that run Meltano, whose runs wait for one another."""

    def _split_scope(self, nodeid):
        file = nodeid.partition("::")[0]
        return "meltano" if "end_to_end/" in file else file


@pytest.hookimpl
def pytest_xdist_make_scheduler(config, log):
    return ByFile(config, log)


def pytest_collection_modifyitems(items):
    """Files that take minutes come first, so that none is left to one worker while the others have nothing to do."""
    items.sort(key=lambda item: item.path.parent.name not in ("end_to_end", "transform"))
