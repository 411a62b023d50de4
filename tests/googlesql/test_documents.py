"""The SQL of the documents, against the tables that the product makes, and the views."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.googlesql.analyzer import Analyzer, type_of
from tests.googlesql.documents import statements
from tests.googlesql.engine import Refused
from tests.googlesql.recording import views_in_order

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def analyzer(shown):
    analyzer = Analyzer()
    for name, table in shown["tables"].items():
        analyzer.tables[tuple(name.split("."))] = [(field["name"], type_of(field)) for field in table["schema"]]  # fmt: skip
    for name in views_in_order(shown["views"]):
        columns = analyzer.analyze(shown["views"][name]["sql"], {}, None).columns
        analyzer.tables[tuple(name.split("."))] = columns
    return analyzer


def refused(analyzer, root):
    """A line for each statement of the pages in `root` that BigQuery would refuse."""
    for one in statements(root):
        try:
            columns = Counter(name.lower() for name, _ in analyzer.analyze(one.sql, {}, None).columns)
        except Refused as refusal:
            yield f"{one.place}: {refusal}"
        else:
            yield from (f"{one.place}: two columns {name}" for name, count in columns.items() if count > 1)


def test_the_sql_of_the_documents_is_accepted(analyzer):
    assert list(refused(analyzer, ROOT)) == []


def test_statements_are_found_in_every_way_that_pages_write_them():
    found = [one.sql for one in statements(ROOT)]
    for start in (
        "SELECT status, COUNT",
        "SELECT end_cursor",
        "ALTER TABLE zendesk.ticket",
        "SELECT unjoined",
    ):
        assert [sql for sql in found if sql.strip().startswith(start)], start


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("SELECT id::STRING FROM zendesk.ticket_latest", "Syntax error"),
        ("SELECT id, id FROM zendesk.ticket_latest", "two columns id"),
        ("SELECT a.*, b.id FROM zendesk.ticket AS a JOIN zendesk.ticket_latest AS b USING (id)", "two columns id"),
        ("SELECT user_fields, COUNT(*) FROM zendesk.user_latest GROUP BY user_fields", "JSON"),
        ("SELECT DISTINCT user_fields FROM zendesk.user_latest", "JSON"),
        ("SELECT COALESCE(id, 'none') FROM zendesk.ticket_latest", "COALESCE"),
        ("SELECT nothing FROM zendesk.ticket_latest", "Unrecognized name"),
        ("SELECT 1 FROM zendesk.never_made", "Table not found"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "page",
    [
        "```sql\n{}\n```",
        "```sh\nask '{}'\n```",
        '```sh\npython -m sandbox query "{}"\n```',
        "| see it | `{}` |",
    ],
)
def test_a_mistake_on_a_page_is_named_with_its_place(analyzer, tmp_path, page, statement, sentence):
    if "ask '" in page:
        statement = statement.replace("'", '"')
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "new.md").write_text("# New\n\n" + page.format(statement))
    [line] = refused(analyzer, tmp_path)
    assert re.match(rf"docs/new\.md:[34]: (?s:.)*{re.escape(sentence)}", line), line


def test_a_mistake_in_the_last_of_several_statements_has_its_own_line(analyzer, tmp_path):
    written = [
        "SELECT id\n FROM zendesk.ticket_latest;",
        "SELECT 1 AS one;",
        "SELECT nothing FROM zendesk.ticket",
    ]
    (tmp_path / "README.md").write_text("\n".join(["# New", "```sql", *written, "```", ""]))
    [line] = refused(analyzer, tmp_path)
    assert line.startswith("README.md:6: "), line
