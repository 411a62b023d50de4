"""The page's HTML: complete, self-contained, escaped, and readable without seeing it."""

import dataclasses
import itertools
import re
from html.parser import HTMLParser

import pytest
from operations_page.facts import Facts
from operations_page.judge import judge
from operations_page.render import render

from tests.operations_page.samples import HEALTHY, NOW, SICK

PICTURES = {"runs-chart": ("Runs", '<svg role="img"></svg>')}
EMPTY = Facts("local", "project", NOW)


class Read(HTMLParser):
    """Elements in order as (tag, attributes); texts of headings; and that what is opened is closed."""

    VOID = ("meta", "link", "br")

    def __init__(self, html):
        super().__init__()
        self.elements, self.headings, self.open, self.text = [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, self.getpos()

    def handle_data(self, text):
        if self.open and re.fullmatch(r"h\d", self.open[-1]):
            self.headings.append((int(self.open[-1][1]), text.strip()))
        if not {"style", "script"} & set(self.open):
            self.text.append(text)

    def having(self, attribute):
        return [found[attribute] for _, found in self.elements if attribute in found]


@pytest.fixture(params=[HEALTHY, SICK, EMPTY], ids=["healthy", "sick", "empty"])
def facts(request):
    return request.param


@pytest.fixture
def html(facts, runbook):
    return render(facts, judge(facts), PICTURES, runbook)


@pytest.fixture
def page(html):
    return Read(html)


def test_the_first_heading_after_the_title_says_how_it_is(runbook):
    def state(facts):
        return Read(render(facts, judge(facts), {}, runbook)).headings[1][1]

    assert state(HEALTHY) == "✓ All is well"
    assert state(SICK) == "✗ 7 problems to act on, 2 to look at"
    assert state(
        dataclasses.replace(
            SICK, exports=HEALTHY.exports, runs=HEALTHY.runs, rejected=(), refused=(), repeated=()
        )
    ) == ("! Nothing is broken, 1 to look at")


def test_environment_and_time_are_at_the_top(html, facts):
    top = html[html.index("<header>") : html.index("</header>")]
    assert f'<span class="environment">{facts.environment}</span>' in top
    assert '<time id="written" datetime="2026-11-27T12:34:56+00:00">27 Nov 2026 12:34 UTC</time>' in top


def test_no_address_leads_out(html, page):
    assert "://" not in html
    assert {href.partition(":")[0] for href in page.having("href") if not href.startswith("#")} == {"data"}
    assert page.having("src") == []


def test_links_lead_to_what_is_there_and_ids_are_unique(page):
    ids = page.having("id")
    assert len(ids) == len(set(ids))
    assert {href[1:] for href in page.having("href") if href.startswith("#")} <= set(ids)
    assert {name for names in page.having("aria-labelledby") for name in names.split()} <= set(ids)


def test_headings_leave_out_no_level(page):
    levels = [level for level, _ in page.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_every_table_has_a_caption_and_names_its_cells(page):
    tags = [tag for tag, _ in page.elements]
    facts_tables = [found for tag, found in page.elements if tag == "table" and found.get("class") == "facts"]
    assert tags.count("caption") == len(facts_tables)
    cells = [found for tag, found in page.elements if tag == "td" and found.get("role") == "cell"]
    assert all(cell["data-label"] for cell in cells)


def test_the_sections_of_the_runbook_are_those_of_the_problems(runbook):
    page = Read(render(SICK, judge(SICK), {}, runbook))
    ids = page.having("id")
    assert "runbook-rejected-records" in ids
    assert "runbook-before-you-start" in ids
    assert "runbook-change-the-retention" not in ids
    assert "meltano invoke target-bigquery:reload-rejected" in "".join(page.text)


def test_schema_drift_is_shown_without_being_a_problem(runbook):
    def text(facts):
        return "".join(Read(render(facts, judge(facts), {}, runbook)).text)

    drifted = dataclasses.replace(HEALTHY, drift=SICK.drift)
    assert judge(drifted) == ()
    assert "via.source.relation" in text(drifted)
    assert "No schema drift in the last week" in text(HEALTHY)


def test_what_others_wrote_is_escaped(runbook):
    evil = dataclasses.replace(
        HEALTHY,
        runs=(dataclasses.replace(HEALTHY.runs[0], ending="failed", error="<script>alert(1)</script>"),),
    )
    html = render(evil, judge(evil), {}, runbook)
    assert html.count("<script>") == 1
    assert "&lt;script&gt;alert(1)" in html


def test_the_one_script_is_the_one_that_the_policy_allows(html):
    assert re.search(r"script-src 'sha256-[\w+/=]{44}'", html)
    assert html.count("<script>") == 1
