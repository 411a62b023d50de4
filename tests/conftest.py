import pytest

pytest_plugins = ["sandbox.testing"]


def pytest_itemcollected(item):
    """A file's tests stay on one worker, for their fixtures' sake; and all that run Meltano on the same one.

    Two runs of one Meltano project at once would share the extractor's files under .meltano/run.
    """
    group = "meltano" if "end_to_end" in item.path.parts else str(item.path)
    item.add_marker(pytest.mark.xdist_group(group))
