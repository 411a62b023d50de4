import pytest

pytest_plugins = ["sandbox.testing"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """A file's tests stay on one worker, for their fixtures' sake; and all that run Meltano on the same one.

    Two runs of one Meltano project at once would share the extractor's files under .meltano/run.
    """
    for item in items:
        group = "meltano" if "end_to_end" in item.path.parts else item.path.name + item.path.parent.name
        item.add_marker(pytest.mark.xdist_group(group))
