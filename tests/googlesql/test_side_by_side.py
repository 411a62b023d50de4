"""All views, the publisher's queries, and what changes rows, on tricky rows: by Google's engine and by the sandbox's BigQuery."""

import json
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from tests.googlesql.analyzer import Analyzer, type_of
from tests.googlesql.engine import Refused
from tests.googlesql.evaluator import Evaluator
from tests.googlesql.recording import END_OF_STATEMENT, views_in_order

ROOT = Path(__file__).parents[2]
DIFFERENCES = tomllib.loads(Path(__file__).with_name("differences.toml").read_text())
KIND = re.compile(r"^\s*(INSERT INTO|UPDATE|DELETE FROM|MERGE)\b", re.MULTILINE)
TRANSACTION = re.compile(r"\s*(BEGIN|COMMIT) TRANSACTION\b")


@pytest.fixture(scope="module")
def differing(shown):
    """{name of a view, a query, or a change and its table: the rows that only Google's engine or only the sandbox shows}"""
    analyzer, found = Analyzer(), {}
    evaluator = Evaluator(analyzer, tables_of(shown["tables"]))
    for name in views_in_order(shown["views"]):
        evaluator.tables[name] = evaluator.evaluate(shown["views"][name]["sql"], {})
        compare(name, evaluator.tables[name][1], shown["views"][name]["rows"], found)
    for query in shown["queries"]:
        rows = evaluator.evaluate(query["sql"], query["parameters"])[1]
        compare(query["name"], with_sorted_lists(rows), with_sorted_lists(query["rows"]), found)
    for change in shown["changes"]:
        changed = Evaluator(analyzer, tables_of(change["before"]))
        for sql in statements(change["sql"]):
            changed.change(sql, change["parameters"])
        known = {str(cell) for one in change["before"].values() for row in one["rows"] for cell in row}
        for name, after in change["after"].items():
            times = [field["type"] == "TIMESTAMP" for field in after["schema"]]
            google, sandbox = (
                with_now(rows, times, known) for rows in (changed.tables[name][1], after["rows"])
            )
            compare(f"{change['name']}: {name}", google, sandbox, found)
    return found


def tables_of(contents):
    return {
        name: ([(field["name"], type_of(field)) for field in one["schema"]], one["rows"])
        for name, one in contents.items()
    }


def statements(script):
    """Those that change rows."""
    return [one for one in END_OF_STATEMENT.split(script) if one.strip() and not TRANSACTION.match(one)]


def with_now(rows, times, known):
    """Each engine has its own CURRENT_TIMESTAMP: a time that no row had before."""
    return [
        ["now" if is_time and cell and cell not in known else cell for cell, is_time in zip(row, times, strict=True)]
        for row in rows
    ]  # fmt: skip


def compare(name, google, sandbox, found):
    left, right = (Counter(map(json.dumps, rows)) for rows in (google, sandbox))
    if left != right:
        found[name] = {"google": [*(left - right).elements()], "sandbox": [*(right - left).elements()]}


def with_sorted_lists(rows):
    """The publisher packs rows with ARRAY_AGG, whose order is undefined."""
    return [
        [
            sorted(json.loads(cell), key=json.dumps)
            if isinstance(cell, str) and cell.startswith("[")
            else cell
            for cell in row
        ]
        for row in rows
    ]


def test_both_show_the_same_rows_or_differ_as_listed(differing):
    assert {name: shown for name, shown in differing.items() if name not in DIFFERENCES} == {}
    assert {name: max(map(len, differing.get(name, {"google": []}).values())) for name in DIFFERENCES} == {
        name: listed["rows"] for name, listed in DIFFERENCES.items()
    }


def test_listed_differences_are_of_the_pinned_versions():
    pins = {
        line.strip()
        for file in (ROOT / "constraints").glob("*.txt")
        for line in file.read_text().splitlines()
    }
    for listed in DIFFERENCES.values():
        assert listed["reason"]
        assert set(listed["versions"]) <= pins


def test_every_view_of_dbt_has_rows_to_compare(shown):
    files = (ROOT / "transform" / "models").glob("*/*.sql")
    files = [path for path in files if path.parent.name != "fivetran"]  # off; tests/transform builds them
    tables = re.compile("materialized='(current_table|created_once|table)'")
    models = {path.stem for path in files if not tables.search(path.read_text())}
    assert {f"zendesk.{name}" for name in models} == shown["views"].keys()
    assert not [name for name, view in shown["views"].items() if not view["rows"]]
    assert not [query["name"] for query in shown["queries"] if not query["rows"]]


def test_every_change_has_rows_that_change_and_rows_that_stay(shown):
    kinds = Counter(kind for change in shown["changes"] for kind in re.findall(KIND, change["sql"]))
    assert kinds == {"UPDATE": 3, "INSERT INTO": 1, "MERGE": 1}
    for change in shown["changes"]:
        changed = [name for name, one in change["before"].items() if one != change["after"][name]]
        assert changed
        for name in changed:
            assert any(row in change["after"][name]["rows"] for row in change["before"][name]["rows"])


def test_google_evaluates_no_merge(shown):
    """Once it does, merge.py is not needed."""
    merge = next(change for change in shown["changes"] if "MERGE" in change["sql"])
    with pytest.raises(Refused, match="RESOLVED_MERGE_STMT does not correspond to a DML statement"):
        Evaluator(Analyzer(), tables_of(merge["before"])).modify(merge["sql"], {})
