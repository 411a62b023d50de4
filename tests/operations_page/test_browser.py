"""The page in headless Chromium: layouts, dark and light, keyboard, print, and axe-core's rules. Fails without a browser."""

import json
import os
import re
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from operations_page.charts import charts, svg
from operations_page.judge import judge
from operations_page.render import render

from tests.operations_page.conftest import PROJECT
from tests.operations_page.samples import HEALTHY, SICK

NODE = PROJECT / ".venvs" / "node" / "bin" / "node"
PACKAGES = PROJECT / ".venvs" / "node-browser"
VIEWS = {
    "phone": {"width": 320, "scheme": "light"},
    "phone, dark": {"width": 320, "scheme": "dark"},
    "tablet": {"width": 768, "scheme": "light"},
    "desktop": {"width": 1280, "scheme": "light"},
    "desktop, dark": {"width": 1280, "scheme": "dark"},
    "without scripts": {"width": 1280, "scheme": "light", "scripts": False},
    "paper": {"width": 700, "scheme": "dark", "media": "print"},
}
PICTURED = {
    "width": 960,
    "scheme": "light",
    "picture": {
        "folder": str(PROJECT / os.environ.get("PICTURES", "")),
        "at": (HEALTHY.at + timedelta(minutes=2)).isoformat(),
        "until": {"sick": "#runs"},
    },
}
"""With PICTURES=docs/images: the pictures of the documentation are taken again."""
PAGES = ("healthy", "sick")
EXPECTED_RULES = {
    "color-contrast",
    "aria-roles",
    "heading-order",
    "landmark-one-main",
    "skip-link",
    "svg-img-alt",
}
"""Some of axe's rules: that they were run, and found something to judge."""


def rendered(facts, runbook):
    pictures = {name: (chart.title, svg(chart)) for name, chart in charts(facts).items()}
    return render(facts, judge(facts), pictures, runbook)


@pytest.fixture(scope="module")
def files(tmp_path_factory, runbook):
    folder = tmp_path_factory.mktemp("pages")
    paths = {}
    for name, facts in zip(PAGES, (HEALTHY, SICK), strict=True):
        paths[name] = folder / f"{name}.html"
        paths[name].write_text(rendered(facts, runbook))
    return paths


@pytest.fixture(scope="module")
def looks(files):
    """{page: {view: what was found}}, of one browser."""
    assert (PACKAGES / ".ready").exists(), "no browser is installed: `make test-page` does that"
    views = {**VIEWS, "documentation": PICTURED} if "PICTURES" in os.environ else VIEWS
    wanted = {"pages": {name: str(path) for name, path in files.items()}, "views": views}
    script = PROJECT / "tests" / "operations_page" / "browser" / "look.mjs"
    ran = subprocess.run(
        [NODE, script, PACKAGES, json.dumps(wanted)], capture_output=True, text=True, check=False, timeout=300
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.fixture(params=PAGES)
def name(request):
    return request.param


@pytest.fixture(params=VIEWS)
def view(request):
    return request.param


@pytest.fixture
def look(looks, name, view):
    return looks[name][view]


def test_nothing_is_said_to_the_console_and_nothing_is_requested(look, name, files):
    assert look["messages"] == []
    assert look["requests"] == [f"file://{files[name]}"]


def test_nothing_has_to_be_scrolled_sideways(look):
    assert look["scrollWidth"] <= look["width"]


def test_the_headline_is_seen_without_scrolling(look, name):
    assert look["headline"].startswith({"healthy": "✓ All is well", "sick": "✗ 7 problems"}[name])
    assert look["headlineBottom"] < 400


@pytest.mark.parametrize("screen", [view for view in VIEWS if view not in ("without scripts", "paper")])
def test_axe_finds_nothing(looks, name, screen):
    assert looks[name][screen]["violations"] == []
    assert set(looks[name][screen]["rules"]) >= EXPECTED_RULES


def test_texts_in_pictures_have_contrast(look):
    assert len(look["pictureTexts"]) > 20
    for text in look["pictureTexts"]:
        assert contrast(text["color"], text["background"]) >= 4.5, text


def contrast(one, other):
    """WCAG 2.2's, of two CSS colors: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio, read on 27 November 2026."""

    def luminance(color):
        linear = [
            share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
            for share in (int(part) / 255 for part in re.findall(r"\d+", color)[:3])
        ]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_first_key_leads_to_what_is_wrong(looks, name):
    keyboard = looks[name]["desktop"]["keyboard"]
    assert keyboard["first"]["text"] == "Skip to what is wrong now"
    assert keyboard["first"]["left"] >= 0
    assert keyboard["first"]["outline"] != "none"
    assert keyboard["then"] == "now"


def test_on_paper_everything_is_shown_but_links(looks, name):
    assert looks[name]["paper"]["navigation"] is False
    assert looks[name]["paper"]["details"] > 0
    assert looks[name]["desktop"]["navigation"] is True


def test_the_age_counts_on_and_an_old_page_says_so(looks, name):
    """The samples are of some past day."""
    found = looks[name]["desktop"]
    assert re.fullmatch(r" \(\d+ (minute|hour|day)s? ago\)", found["age"])
    assert found["isOld"] is (datetime.now(UTC) - HEALTHY.at > timedelta(hours=2))
    assert looks[name]["without scripts"]["age"] == ""
