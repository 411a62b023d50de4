import pytest
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = ["sandbox.testing"]


class ByFile(LoadScopeScheduling):
    """One worker a file; and one for all files that run Meltano, whose runs wait for one another."""

    def _split_scope(self, nodeid):
        file = nodeid.partition("::")[0]
        return "meltano" if "end_to_end/" in file else file


@pytest.hookimpl
def pytest_xdist_make_scheduler(config, log):
    return ByFile(config, log)
