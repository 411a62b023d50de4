"""Sizes of values by BigQuery's rules, for `make cost`."""

from datetime import UTC, datetime

import pytest
from google.cloud.bigquery import SchemaField

from cost.record import size_of

PARTS = (SchemaField("id", "INTEGER"), SchemaField("text", "STRING"))


@pytest.mark.parametrize(
    ("field", "value", "size"),
    [
        (SchemaField("n", "INTEGER"), 7, 8),
        (SchemaField("n", "INTEGER"), None, 0),
        (SchemaField("is_open", "BOOLEAN"), False, 1),
        (SchemaField("seen", "TIMESTAMP"), datetime(2026, 11, 27, tzinfo=UTC), 8),
        (SchemaField("text", "STRING"), "größer", 2 + 8),
        (SchemaField("ids", "INTEGER", "REPEATED"), [1, 2, 3], 24),
        (SchemaField("one", "RECORD", fields=PARTS), {"id": 1, "text": "ab"}, 12),
        (SchemaField("all", "RECORD", "REPEATED", fields=PARTS), [{"id": 1, "text": None}], 8),
        (SchemaField("json", "JSON"), {"a": [1, "x"]}, len('{"a":[1,"x"]}')),
    ],
)
def test_the_size_of_a_value(field, value, size):
    assert size_of(field, value) == size
