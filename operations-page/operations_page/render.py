"""From facts, problems and charts to one HTML file, which needs nothing outside it and no script."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from operations_page import words
from operations_page.facts import JOBS
from operations_page.judge import RECENT, Level
from operations_page.runbook import anchor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from operations_page.facts import Facts
    from operations_page.judge import Problem
    from operations_page.runbook import Runbook

SHOWN_RUNS = 25
ENDINGS = {
    "complete": "✓ complete",
    "running": "… running",
    "interrupted": "◆ interrupted",
    "out_of_quota": "▲ out of quota",
    "partly_unavailable": "■ partly unavailable",
    "failed": "✗ failed",
}
"""A sign beside the color."""


def render(
    facts: Facts, problems: Sequence[Problem], pictures: Mapping[str, Picture], runbook: Runbook
) -> str:
    """`pictures`: SVG by the chart's name."""
    environment = Environment(
        loader=PackageLoader("operations_page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "time": _time,
        "duration": words.duration,
        "number": _number,
        "size": _size,
        "anchor": anchor,
    }
    style, script = (_source(environment, name) for name in ("page.css", "age.js"))
    return environment.get_template("page.html").render(
        facts=facts,
        problems=problems,
        acts=sum(problem.level is Level.ACT for problem in problems),
        last_runs=[next((run for run in facts.runs if run.job == job), None) for job in JOBS],
        shown_runs=facts.runs[:SHOWN_RUNS],
        endings=ENDINGS,
        published_today=sum(one.messages for one in facts.published if facts.at - one.hour < RECENT),
        pictures={name: (title, Markup(picture)) for name, (title, picture) in pictures.items()},  # noqa: S704 - vl-convert escapes
        sections={  # of our own runbook
            title: Markup(html)  # noqa: S704
            for title, html in runbook.sections(problem.section for problem in problems).items()
        },
        style=Markup(style),  # noqa: S704 - ours
        script=Markup(script),  # noqa: S704 - ours
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


Picture = tuple[str, str]
"""Title and SVG of a chart."""


def _source(environment: Environment, name: str) -> str:
    assert environment.loader is not None  # noqa: S101 - given above
    return environment.loader.get_source(environment, name)[0].strip()


def _time(moment: datetime | None) -> str:
    return f"{moment:%d %b %Y %H:%M}" if moment else "-"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,}"


def _size(size: int | None) -> str:
    if size is None:
        return "-"
    for unit, name in ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{size} B"
