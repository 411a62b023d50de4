"""docs/decisions/: one form for all records, and an index that agrees with them."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "decisions"
RECORDS = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
LINK = r"\[(\d{3})\]\((\d{3}-[\w-]+\.md)\)"
STATUS = rf"Status: (accepted(?:, amended by {LINK}(?:, {LINK})*)?|superseded by {LINK})  "
FORM = re.compile(
    rf"# (\d{{3}})\. (.+)\n\n{STATUS}\nDate: \d{{4}}-\d\d-\d\d\n\n"
    r"## Context\n\n(?:.|\n)+\n## Decision\n\n(?:.|\n)+\n## Consequences\n\n(?:.|\n)+"
)


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_record_has_number_title_status_date_and_three_sections(record):
    form = FORM.fullmatch(record.read_text())
    assert form
    assert record.name.startswith(f"{form[1]}-")
    for number, file in re.findall(LINK, form[3]):
        assert file.startswith(number)
        assert (FOLDER / file).exists()


def test_records_are_numbered_without_gaps():
    assert [int(record.name[:3]) for record in RECORDS] == list(range(1, len(RECORDS) + 1))


def test_the_index_has_every_record_once_under_its_title():
    entries = re.findall(r"^- \[(.+?)\]\((.+?)\): \S", (FOLDER / "README.md").read_text(), re.MULTILINE)
    titles = {(re.match("# (.+)", record.read_text())[1], record.name) for record in RECORDS}
    assert sorted(entries) == sorted(titles)


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_doubts_are_in_the_list_of_what_is_unverified(record):
    assert not re.search(r"from memory|unverified(?!\.md)|\bdoubt", record.read_text(), re.IGNORECASE)
