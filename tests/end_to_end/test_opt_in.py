"""`meltano run tap-to-bigquery` with every model there is."""

import pytest
from tap_zendesk_cityblock.models import MODELS

from sandbox.comparison import compare
from sandbox.servers import Size, advance

EVERYTHING = {
    "TAP_ZENDESK_CITYBLOCK_BULK_MODELS": '["all"]',
    "TAP_ZENDESK_CITYBLOCK_INCREMENTAL_MODELS": '["all"]',
    "DBT_BIGQUERY_OPT_IN_VIEWS": "true",
}


@pytest.fixture(scope="module")
def size():
    return Size(tickets=300, users=100)


EMPTY = {"deleted_ticket", "comment_redaction"}
"""Of which this account has none."""


def test_every_view_of_every_model_says_what_zendesk_says_a_day_later(project):
    url, warehouse = project.sandbox.addresses.zendesk_url, project.sandbox.warehouse
    project.run("tap-to-bigquery", **EVERYTHING)
    advance(url, hours=24)
    project.run("tap-to-bigquery", **EVERYTHING)
    compared = [compare(url, warehouse, "zendesk", model) for model in MODELS]
    assert [comparison for comparison in compared if not comparison.equal] == []
    assert all(comparison.rows for comparison in compared if comparison.model not in EMPTY)
