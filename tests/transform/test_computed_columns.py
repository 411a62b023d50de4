"""The label that says which SQL computed the columns of a current table."""

import hashlib
from types import SimpleNamespace

import pytest
from google.cloud.bigquery import SchemaField

from tests.transform.macros import macros

COLUMNS = {
    "via_channel": {"type": "string", "of": ["via.channel"], "sql": "via.channel"},
    "is_closed_by_merge": {"type": "bool", "of": ["tags"], "sql": "'closed_by_merge' in unnest(tags)"},
}
VIA = SchemaField("via", "RECORD", fields=[SchemaField("channel", "STRING")])
TAGS = SchemaField("tags", "STRING", "REPEATED")


def label(columns, schema=(VIA, TAGS), read_at="1"):
    """As a run of dbt computes it, which read `columns` from its manifest."""
    returned = []
    given = {
        "config": SimpleNamespace(meta_get={"computed": columns}.get),
        "local_md5": lambda text: hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
        "return": lambda value: returned.append(value) or "",
    }
    rendered = macros("computed_columns.sql", **given)
    rendered.computed_of(SimpleNamespace(schema=schema))
    rendered.computed_label({"computed": returned.pop()}, {"read_at": read_at})
    return returned.pop()


def test_it_is_the_same_in_any_order_of_the_keys():
    """The order changes from one parse of dbt to the next; every row would be computed again."""
    assert label(dict(reversed(COLUMNS.items()))) == label(COLUMNS)


@pytest.mark.parametrize("other", [{"read_at": "2"}, {"schema": (TAGS,)}])
def test_it_changes_with_a_merge_and_with_the_sql(other):
    assert label(COLUMNS, **other) != label(COLUMNS)
