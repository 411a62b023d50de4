"""Charts by their specifications; and that their SVG needs nothing else."""

import dataclasses
from xml.etree import ElementTree as ET

import pytest
from operations_page.charts import CONFIG, DAYS, ENDINGS, HOURS, charts, svg
from operations_page.facts import Facts
from operations_page.render import ENDINGS as SIGNS

from tests.operations_page.samples import HEALTHY, NOW, SICK

SICK_CHARTS = charts(SICK)


def values(name, facts=HEALTHY):
    return charts(facts)[name].spec["data"]["values"]


def test_what_has_nothing_to_show_has_no_chart():
    assert charts(Facts("local", "project", NOW)) == {}
    assert set(SICK_CHARTS) == {
        "runs-chart",
        "quota-chart",
        "hours-chart",
        "days-chart",
        "waiting-chart",
        "cost-chart",
    }


def test_each_run_is_a_mark_whose_shape_and_color_are_its_ending():
    spec = SICK_CHARTS["runs-chart"].spec
    assert len(spec["data"]["values"]) == len(SICK.runs)
    shape, color = spec["encoding"]["shape"]["scale"], spec["encoding"]["color"]["scale"]
    assert shape["domain"] == color["domain"] == ["complete", "partly_unavailable", "failed"]
    assert len(set(shape["range"])) == 3
    assert spec["encoding"]["y"]["title"] == "minutes"
    assert "2 did not complete" in SICK_CHARTS["runs-chart"].description


def test_every_ending_has_a_shape_and_a_sign_of_its_own():
    assert set(ENDINGS) == set(SIGNS)
    assert len({shape for color, shape in ENDINGS.values() if color != "var(--series)"}) == 5
    assert len({sign.split()[0] for sign in SIGNS.values()}) == len(SIGNS)


def test_hours_and_days_without_a_message_are_zero():
    hours, days = values("hours-chart"), values("days-chart")
    assert (len(hours), len(days)) == (HOURS, DAYS)
    assert hours[-1] == {"hour": "2026-11-27T12:00:00+00:00", "messages": 0}
    assert hours[-2] == {"hour": "2026-11-27T11:00:00+00:00", "messages": 1}
    assert days[0] == {"day": "2026-10-29T00:00:00Z", "messages": 0}
    assert sum(row["messages"] for row in days) == sum(one.messages for one in HEALTHY.published)


def test_the_quota_axis_always_ends_at_the_whole_limit():
    scale = SICK_CHARTS["quota-chart"].spec["encoding"]["y"]["scale"]
    assert scale == {"domain": [0, 1]}


def test_waiting_tickets_are_stacked_by_reason():
    encoding = SICK_CHARTS["waiting-chart"].spec["encoding"]
    assert encoding["x"]["aggregate"] == "sum"
    assert encoding["color"]["scale"]["domain"] == ["not_exported", "not_in_directory"]


def test_only_the_largest_tables_are_drawn():
    many = dataclasses.replace(HEALTHY, tables=HEALTHY.tables[:1] * 20)
    assert len(values("cost-chart", many)) == 8


@pytest.mark.parametrize("name", SICK_CHARTS)
def test_colors_follow_the_page(name):
    spec = SICK_CHARTS[name].spec
    assert spec["config"] is CONFIG
    assert spec["config"]["background"] == "transparent"
    assert "#" not in str(spec["encoding"]) + str(spec["mark"])


@pytest.mark.parametrize("name", SICK_CHARTS)
def test_a_picture_is_named_described_and_no_wider_than_a_phone(name):
    root = ET.fromstring(svg(SICK_CHARTS[name]))  # noqa: S314 - ours
    assert root.get("role") == "img"
    labels = root.get("aria-labelledby").split()
    assert [child.get("id") for child in root[:2]] == labels
    assert root[0].text == SICK_CHARTS[name].title
    assert root[1].text == SICK_CHARTS[name].description
    assert int(root.get("width")) <= 420
    assert not [node for node in root.iter() if node.tag == "script" or "href" in node.keys()]  # noqa: SIM118 - an element
