"""Sections of the runbook as the page quotes them."""

import pytest


def test_a_section_ends_where_the_next_one_begins(runbook):
    section = runbook.section("Rejected records")
    assert section.startswith("A run that rejects records")
    assert "## " not in section
    assert "### Runs" in runbook.section("Alarms")


def test_a_comment_of_the_shell_is_not_a_heading(runbook):
    assert runbook.section("Before you start").endswith("```")


def test_links_to_other_pages_are_their_texts(runbook):
    html = runbook.html("Runs")
    assert "<a " not in html
    assert "Exit codes" in html


def test_sections_come_in_the_order_of_the_runbook_after_the_first(runbook):
    assert list(runbook.sections(["Fix join errors", "Runs"])) == [
        "Before you start",
        "Runs",
        "Fix join errors",
    ]
    assert runbook.sections([]) == {}


def test_an_unknown_section_is_an_error(runbook):
    with pytest.raises(KeyError):
        runbook.section("Nothing of the kind")
