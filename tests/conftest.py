from pathlib import Path

import pytest

pytest_plugins = ["sandbox.testing"]

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """One worker a file; and one for all files that run Meltano, whose runs wait for one another."""
    for item in items:
        file = str(item.path.relative_to(HERE))
        group = "meltano" if file.startswith("end_to_end") else file
        item.add_marker(pytest.mark.xdist_group(group))
