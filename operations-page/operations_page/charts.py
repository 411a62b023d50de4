"""Charts as Vega-Lite specifications, and as SVG without a script.

Colors are the page's CSS variables, so that they follow its light or dark scheme; what a color says, a shape, a label or
the table beside it says, too. Each chart is as wide as a phone: a wider screen has several side by side.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING, Any

import altair as alt
import vl_convert

from operations_page.facts import AGES, JOBS

if TYPE_CHECKING:
    from operations_page.facts import Facts

WIDTH, HEIGHT = 250, 130
"""In pixels, without the axes."""
ENDINGS = {
    "complete": ("var(--good)", "circle"),
    "running": ("var(--series)", "circle"),
    "interrupted": ("var(--warn)", "diamond"),
    "out_of_quota": ("var(--warn)", "triangle-up"),
    "partly_unavailable": ("var(--bad)", "square"),
    "failed": ("var(--bad)", "cross"),
}
SURPLUS = re.compile(r' (xmlns(:\w+)?|role|aria-roledescription)="[^"]*"')
"""In an HTML page no namespace is needed; and the parts of a picture are not read out."""
HOURS, DAYS = 48, 30
LARGEST = 8
CONFIG = {
    "background": "transparent",
    "aria": False,  # the page describes each chart as a whole
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": "currentColor",
        "titleColor": "currentColor",
        "tickColor": "var(--line)",
        "domainColor": "var(--line)",
        "gridColor": "var(--line)",
        "titleFontWeight": "normal",
        "labelFontSize": 11,
        "titleFontSize": 11,
    },
    "legend": {
        "labelColor": "currentColor",
        "titleColor": "currentColor",
        "orient": "bottom",
        "columns": 2,
        "title": None,
        "labelFontSize": 11,
        "labelLimit": 140,
    },
}


@dataclasses.dataclass(frozen=True)
class Chart:
    """`title` and `description` are read out instead of the picture."""

    name: str
    title: str
    description: str
    spec: dict[str, Any]


def charts(facts: Facts) -> dict[str, Chart]:
    """By name; without those that have nothing to show."""
    made = (_runs(facts), _quota(facts), _hours(facts), _days(facts), _waiting(facts), _cost(facts))
    return {chart.name: chart for chart in made if chart is not None}


def svg(chart: Chart) -> str:
    """To be inlined: it scales down to its place, and has a title and a description."""
    drawn = SURPLUS.sub("", vl_convert.vegalite_to_svg(chart.spec))
    start, _, rest = drawn.partition(">")
    name = escape(chart.name)
    return (
        f'{start} role="img" aria-labelledby="{name}-title {name}-desc"><title id="{name}-title">{escape(chart.title)}</title>'
        f'<desc id="{name}-desc">{escape(chart.description)}</desc>{rest}'
    )


def _finished(chart: alt.Chart, rows: list[dict[str, Any]]) -> dict[str, Any]:
    spec: dict[str, Any] = chart.properties(width=WIDTH, height=HEIGHT).to_dict()
    return spec | {"data": {"values": rows}, "config": CONFIG}


def _bars(x: alt.X, y: alt.Y, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return _finished(alt.Chart().mark_bar(color="var(--series)").encode(x=x, y=y), rows)


def _time_axis(pattern: str) -> alt.Axis:
    overlap = {"labelOverlap": "greedy", "labelSeparation": 12}
    return alt.Axis(title=None, format=pattern, tickCount=3, labelFlush=True, grid=False, **overlap)


def _start(facts: Facts) -> alt.X:
    """Runs by their start, with hours if all are of two days."""
    is_short = facts.runs[0].started_at - facts.runs[-1].started_at < timedelta(days=2)
    return alt.X("start:T", scale=alt.Scale(type="utc"), axis=_time_axis("%a %H:%M" if is_short else "%d %b"))


def _runs(facts: Facts) -> Chart | None:
    rows = [
        {
            "start": run.started_at.isoformat(),
            "minutes": (run.seconds or 0) / 60,
            "job": run.job,
            "ending": run.ending,
        }
        for run in facts.runs
    ]
    if not rows:
        return None
    endings = [ending for ending in ENDINGS if any(run.ending == ending for run in facts.runs)]
    marks = [ENDINGS[ending] for ending in endings]
    by = {
        "color": alt.Color("ending:N", scale=alt.Scale(domain=endings, range=[color for color, _ in marks])),
        "shape": alt.Shape("ending:N", scale=alt.Scale(domain=endings, range=[shape for _, shape in marks])),
    }
    drawn = (
        alt.Chart()
        .mark_point(filled=True, size=50, opacity=1)
        .encode(
            x=_start(facts),
            y=alt.Y("minutes:Q", title="minutes"),
            row=alt.Row(
                "job:N",
                title=None,
                sort=list(JOBS),
                header=alt.Header(labelColor="currentColor", labelOrient="top", labelAnchor="start"),
            ),
            **by,
        )
    )
    failed = sum(run.ending not in ("complete", "running") for run in facts.runs)
    return Chart(
        "runs-chart",
        "Runs by time and duration",
        f"{len(rows)} runs, of which {failed} did not complete. The table of runs has the newest.",
        _finished(drawn, rows) | {"height": 70},
    )


def _quota(facts: Facts) -> Chart | None:
    rows = [
        {"start": run.started_at.isoformat(), "share": run.quota_used}
        for run in facts.runs
        if run.quota_used is not None
    ]
    if not rows:
        return None
    y = alt.Y("share:Q", title="of a rate limit", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1]))
    drawn = alt.Chart().mark_point(filled=True, color="var(--series)", opacity=1).encode(x=_start(facts), y=y)
    most = max(run.quota_used or 0 for run in facts.runs)
    return Chart(
        "quota-chart",
        "Zendesk's requests in use, by run",
        f"Each run's highest share of a rate limit in one minute, by all clients of the account; at most {most:.0%}.",
        _finished(drawn, rows),
    )


def _hours(facts: Facts) -> Chart | None:
    """Hours without a message are zero, not left out."""
    if not facts.published:
        return None
    counts = {one.hour: one.messages for one in facts.published}
    now = facts.at.replace(minute=0, second=0, microsecond=0)
    hours = [now - timedelta(hours=number) for number in reversed(range(HOURS))]
    by_hour = [counts.get(hour, 0) for hour in hours]
    rows = [
        {"hour": hour.isoformat(), "messages": messages}
        for hour, messages in zip(hours, by_hour, strict=True)
    ]
    x = alt.X("hour:T", timeUnit="utcyearmonthdatehours", axis=_time_axis("%a %H:%M"))
    return Chart(
        "hours-chart",
        f"Messages by hour, last {HOURS} hours, UTC",
        f"{sum(by_hour):,} messages; the most in one hour were {max(by_hour):,}.",
        _bars(x, alt.Y("messages:Q", title="messages"), rows),
    )


def _days(facts: Facts) -> Chart | None:
    if not facts.published:
        return None
    days = {
        day: sum(one.messages for one in hours)
        for day, hours in itertools.groupby(facts.published, key=lambda one: one.hour.date())
    }
    today = facts.at.date()
    all_days = [today - timedelta(days=number) for number in reversed(range(DAYS))]
    by_day = [days.get(day, 0) for day in all_days]
    rows = [
        {"day": f"{day}T00:00:00Z", "messages": messages}
        for day, messages in zip(all_days, by_day, strict=True)
    ]
    x = alt.X("day:T", timeUnit="utcyearmonthdate", axis=_time_axis("%d %b"))
    return Chart(
        "days-chart",
        f"Messages by day, last {DAYS} days, UTC",
        f"{sum(by_day):,} messages; the most in one day were {max(by_day):,}.",
        _bars(x, alt.Y("messages:Q", title="messages"), rows),
    )


def _waiting(facts: Facts) -> Chart | None:
    if not facts.waiting:
        return None
    rows = [dataclasses.asdict(one) for one in facts.waiting]
    reasons = sorted({one.reason for one in facts.waiting})
    color = alt.Color(
        "reason:N", scale=alt.Scale(domain=reasons, range=["var(--series)", "var(--warn)"][: len(reasons)])
    )
    axis = alt.Axis(title=None, labelAngle=0, labelExpr="split(datum.label, ' than ')")
    drawn = (
        alt.Chart()
        .mark_bar(stroke="var(--page)")
        .encode(
            x=alt.X("sum(tickets):Q", title="tickets and users without a match"),
            y=alt.Y("age:N", sort=list(AGES), axis=axis),
            color=color,
        )
    )
    return Chart(
        "waiting-chart",
        "Waiting tickets by age and reason",
        f"{facts.tickets_waiting.tickets:,} tickets wait. The table of waiting tickets has the figures.",
        _finished(drawn, rows),
    )


def _cost(facts: Facts) -> Chart | None:
    rows = [
        {"table": f"{one.dataset}.{one.name}", "megabytes": one.logical_bytes / 1e6}
        for one in facts.tables[:LARGEST]
        if one.logical_bytes
    ]
    if not rows:
        return None
    y = alt.Y("table:N", sort=None, axis=alt.Axis(title=None, labelLimit=150))
    return Chart(
        "cost-chart",
        "The largest tables",
        f"Logical size of the {len(rows)} largest tables; the table of costs has all figures.",
        _bars(alt.X("megabytes:Q", title="MB", axis=alt.Axis(tickCount=4)), y, rows),
    )
