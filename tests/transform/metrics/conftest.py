import pytest


@pytest.fixture
def build(views):
    """Builds the views of metrics, with business hours since a day: those of fewer years are computed sooner."""

    def since(day, *variables):
        given = ", ".join([f"business_hours_since: {day}", *variables])
        views.build("path:models/metrics", arguments=["--vars", f"{{{given}}}"])

    return since
