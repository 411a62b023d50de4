"""What the sandbox's BigQuery accepts, Google's analyzer accepts, too: all statements that other tests have sent."""

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.googlesql.analyzer import Analyzer, type_of
from tests.googlesql.engine import Refused
from tests.googlesql.recording import Result, replay

RECORDING = Path(os.environ["BIGQUERY_RECORDING"])
JSON_TABLE = [
    {"name": "id", "type": "INTEGER"},
    {"name": "fields", "type": "JSON"},
    {"name": "at", "type": "TIMESTAMP"},
]


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer()


@pytest.fixture(scope="module")
def results(analyzer: Analyzer) -> list[Result]:
    return list(replay(RECORDING, analyzer))


def test_every_statement_is_accepted(results: list[Result]) -> None:
    assert not [f"{one.refusal}\n\n{one.sql}" for one in results if one.refusal]


def test_no_statement_has_two_columns_of_one_name(results: list[Result]) -> None:
    """BigQuery refuses them; the analyzer does not."""
    twice = {
        one.sql: names
        for one in results
        if (names := [name for name, count in Counter(map(str.lower, one.columns)).items() if count > 1])
    }
    assert not twice


def test_each_part_of_the_product_has_sent_statements(results: list[Result]) -> None:
    """Else the tests above would be green because nothing was recorded."""
    sent = "\n".join(one.sql for one in results)
    for part in ("ticket_latest", "group_latest", "EXPORT_METADATA_latest", "zendesk_user_directory"):
        assert re.search(rf"create or replace view[^;]*{part}", sent, re.IGNORECASE), part
    for part in ("TICKET_USER_JOIN_ERROR", "zendesk_ticket", "REJECTED_RECORD"):
        assert part in sent, part


@pytest.mark.parametrize(
    ("sql", "refusal"),
    [
        ("SELECT DISTINCT fields FROM zendesk.t", "JSON"),
        ("SELECT fields, COUNT(*) FROM zendesk.t GROUP BY fields", "JSON"),
        ("SELECT id FROM zendesk.t ORDER BY fields", "JSON"),
        ("SELECT id::STRING FROM zendesk.t", "Syntax error"),
        ("SELECT COALESCE(id, 'none') FROM zendesk.t", "COALESCE"),
        ("SELECT list_sum([id]) FROM zendesk.t", "Function not found"),
    ],
)
def test_what_the_stand_in_accepts_and_bigquery_does_not_is_refused(
    analyzer: Analyzer, sql: str, refusal: str
) -> None:
    analyzer.tables["zendesk", "t"] = [(field["name"], type_of(field)) for field in JSON_TABLE]
    with pytest.raises(Refused, match=refusal):
        analyzer.analyze(sql, {}, None)
