"""All views and the publisher's queries, on tricky rows: by Google's engine and by the sandbox's BigQuery."""

import json
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from tests.googlesql.analyzer import Analyzer, type_of
from tests.googlesql.evaluator import Evaluator
from tests.googlesql.recording import views_in_order

ROOT = Path(__file__).parents[2]
DIFFERENCES = tomllib.loads(Path(__file__).with_name("differences.toml").read_text())


@pytest.fixture(scope="module")
def differing(shown):
    """{name of a view or query: the rows that only Google's engine or only the sandbox shows}"""
    tables = {
        name: ([(field["name"], type_of(field)) for field in one["schema"]], one["rows"])
        for name, one in shown["tables"].items()
    }
    evaluator, found = Evaluator(Analyzer(), tables), {}
    for name in views_in_order(shown["views"]):
        evaluator.tables[name] = evaluator.evaluate(shown["views"][name]["sql"], {})
        compare(name, evaluator.tables[name][1], shown["views"][name]["rows"], found)
    for query in shown["queries"]:
        rows = evaluator.evaluate(query["sql"], query["parameters"])[1]
        compare(query["name"], with_sorted_lists(rows), with_sorted_lists(query["rows"]), found)
    return found


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
    models = {path.stem for path in (ROOT / "transform" / "models").glob("*/*.sql")}
    assert {f"zendesk.{name}" for name in models} == shown["views"].keys()
    assert not [name for name, view in shown["views"].items() if not view["rows"]]
    assert not [query["name"] for query in shown["queries"] if not query["rows"]]
