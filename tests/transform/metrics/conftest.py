import pytest


@pytest.fixture
def build(views):
    """Builds the views of metrics, with business hours since a day: those of fewer years are computed sooner."""

    def since(day):
        views.build("path:models/metrics", arguments=["--vars", f"{{business_hours_since: {day}}}"])

    return since
