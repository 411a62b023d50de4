"""docs/measurements/cost.md and docs/cost.md name what `make cost` measures."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "measurements" / "cost.md").read_text()
BEFORE_AND_AFTER = (ROOT / "docs" / "cost.md").read_text()
ACCOUNT = tomllib.loads((ROOT / "cost" / "account.toml").read_text())


def cells(first):
    [line] = re.findall(rf"^\| {re.escape(first)} \| (.*) \|$", PAGE, re.MULTILINE)
    return line.split(" | ")


def number(cell):
    return float(cell.replace(",", ""))


def test_the_page_has_every_query_of_analysts():
    queries = sorted(file.stem for file in (ROOT / "docs" / "queries").glob("*.sql"))
    assert len(queries) == 10
    for query in queries:
        assert len(cells(query)) == len(ACCOUNT["months"]) + 1


def test_figures_by_hand_are_those_of_the_table():
    for view in ("organization_membership_latest", "ticket_latest"):
        *_, by_meter = cells(f"`SELECT * FROM zendesk.{view}`")
        in_table = cells(f"SELECT \\* FROM {view}")[-1]
        assert by_meter == f"{in_table} GB"


def test_promises_are_of_documents():
    for promise in ACCOUNT["promises"]:
        assert (ROOT / promise["document"]).exists()


def test_each_named_promise_is_in_the_table_with_its_limit():
    rows = re.findall(
        r"^\| (.*?) \| .* \| (.*) \| .* \| (.*) \| .* \| .* \|$", BEFORE_AND_AFTER, re.MULTILINE
    )
    named = {one["what"]: one.get("gigabytes") for one in ACCOUNT["promises"] if "what" in one}
    assert {what: number(limit) if limit else None for what, _, limit in rows if what in named} == named
    assert not [what for what, now, limit in rows if limit and what in named and number(now) > number(limit)]
