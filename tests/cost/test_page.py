"""docs/measurements/cost.md names what `make cost` measures."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "measurements" / "cost.md").read_text()
ACCOUNT = tomllib.loads((ROOT / "cost" / "account.toml").read_text())


def cells(first):
    [line] = re.findall(rf"^\| {re.escape(first)} \| (.*) \|$", PAGE, re.MULTILINE)
    return line.split(" | ")


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


def test_promises_are_of_documents_and_not_below_the_page():
    for promise in ACCOUNT["promises"]:
        assert (ROOT / promise["document"]).exists()
    [lookup] = [one for one in ACCOUNT["promises"] if "user_latest" in one["statement"]]
    row = re.search(r"^\| publication: SELECT zendesk_user_directory, user_latest, .*$", PAGE, re.MULTILINE)
    assert float(row[0].split(" | ")[3]) <= lookup["gigabytes"]
