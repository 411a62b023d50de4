"""What the sandbox's BigQuery accepts, Google's analyzer accepts, too: all statements that other tests have sent."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterable
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


def wrong(results: Iterable[Result]) -> list[str]:
    """What BigQuery would refuse, and each statement. It refuses two columns of one name; the analyzer does not."""
    found = []
    for one in results:
        names = Counter(map(str.lower, one.columns))
        twice = [f"two columns {name}" for name, count in names.items() if count > 1]
        refusals = [one.refusal] if one.refusal else twice
        found += [f"{refusal}\n\n{one.sql}" for refusal in refusals]
    return found


def test_every_statement_is_accepted(results: list[Result]) -> None:
    assert wrong(results) == []


@pytest.mark.parametrize(
    ("sql", "refusal"),
    [
        ("SELECT id::STRING FROM zendesk.t", "Syntax error"),
        ("SELECT id, fields AS ID FROM zendesk.t", "two columns id"),
        ("CREATE VIEW zendesk.v AS SELECT a.*, b.id FROM zendesk.t AS a JOIN zendesk.t AS b USING (id)", "duplicate name id"),
        ("CREATE TABLE zendesk.v AS SELECT id, id FROM zendesk.t", "duplicate name id"),
        ("SELECT fields, COUNT(*) AS count FROM zendesk.t GROUP BY fields", "JSON"),
        ("CREATE VIEW zendesk.v AS SELECT DISTINCT fields FROM zendesk.t", "JSON"),
        ("SELECT COALESCE(id, 'none') AS id FROM zendesk.t", "COALESCE"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_recorded_statement_is_named(
    analyzer: Analyzer, tmp_path: Path, sql: str, refusal: str
) -> None:
    table = {"tableReference": {"tableId": "t"}, "schema": {"fields": JSON_TABLE}}
    requests = [
        {"path": "/bigquery/v2/projects/p/datasets/zendesk/tables", "body": table},
        {"path": "/bigquery/v2/projects/p/queries", "body": {"query": sql}},
    ]
    (tmp_path / "1.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in requests))
    [line] = wrong(replay(tmp_path, analyzer))
    assert refusal in line.partition("\n\n")[0]


def test_a_view_that_was_created_as_a_table_resource_is_known(analyzer: Analyzer, tmp_path: Path) -> None:
    path = "/bigquery/v2/projects/p/datasets/zendesk/tables"
    view = {"tableReference": {"tableId": "v"}, "view": {"query": "SELECT id FROM `zendesk`.`t`"}}
    requests = [
        {"path": path, "body": {"tableReference": {"tableId": "t"}, "schema": {"fields": JSON_TABLE}}},
        {"path": path, "body": view},
        {"path": "/bigquery/v2/projects/p/queries", "body": {"query": "SELECT * FROM zendesk.v"}},
    ]
    (tmp_path / "1.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in requests))
    assert [one.columns for one in replay(tmp_path, analyzer)][-1] == ["id"]


def test_each_part_of_the_product_has_sent_statements(results: list[Result]) -> None:
    """Else the tests above would be green because nothing was recorded."""
    sent = "\n".join(one.sql for one in results)
    for part in ("ticket_latest", "group_latest", "EXPORT_METADATA_latest", "zendesk_user_directory"):
        assert re.search(rf"create or replace view[^;]*{part}", sent, re.IGNORECASE), part
    for part in ("TICKET_USER_JOIN_ERROR", "zendesk_ticket", "REJECTED_RECORD", "_erasure_ids_"):
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
