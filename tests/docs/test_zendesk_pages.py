"""docs/zendesk/: each page names its source, the date it was read, and code that exists; the index has them all."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "zendesk"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name not in {"README.md", "unverified.md"})
FORM = re.compile(
    r"# .+\n\n"
    r"Read: (?:\w+ \d+, |November )20\d\d, .*https://.*  \n"
    r"Code: (.+)\n\n"
    r"(?:(?:.+\n)+\n)+"
    r"```\n(?:(?:.+\n)+\n?)+```\n"
)


@cache
def names_in(folder):
    """What the code of a folder defines, and the strings and numbers in it; of SQL, all words."""
    names = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                names.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
            elif isinstance(node, ast.Constant) and isinstance(node.value, (str, int)):
                names.add(str(node.value))
    for path in folder.rglob("models/**/*.sql"):
        names |= set(re.findall(r"\w+", path.read_text()))
    for path in folder.rglob("schemas/*.json"):
        names |= set(re.findall(r'"(\w+)":', path.read_text()))
    return names


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_page_names_its_source_its_date_and_code_that_exists(page):
    form = FORM.fullmatch(page.read_text())
    assert form
    for folder, names in re.findall(r"\[\w+\]\((.+?)\): ((?:`[^`]+`(?:, )?)+)", form[1]):
        known = names_in((page.parent / folder).resolve())
        missing = [name for name in re.findall("`([^`]+)`", names) if name not in known]
        assert missing == [], f"{folder} no longer has these: change the page's line `Code:`"


def test_the_index_has_every_page_once_under_its_title():
    entries = re.findall(r"^- \[(.+?)\]\((.+?)\)$", (FOLDER / "README.md").read_text(), re.MULTILINE)
    titles = {(re.match("# (.+)", page.read_text())[1], page.name) for page in PAGES}
    assert sorted(entries) == sorted(titles)


def test_the_code_names_pages_that_exist():
    root = FOLDER.parents[1]
    named = {
        name
        for folder in ("tap-zendesk-cityblock", "target-bigquery", "target-zendesk-pubsub", "sandbox")
        for path in (root / folder).rglob("*.py")
        if ".venv" not in path.parts
        for name in re.findall(r"docs/[\w/-]+\.md", path.read_text())
    }
    assert {name for name in named if not (root / name).exists()} == set()
