"""Facts of a healthy and of a sick pipeline, as tests need them."""

import dataclasses
from datetime import UTC, datetime, timedelta

from operations_page.facts import (
    AGES,
    JOBS,
    Drift,
    Erasure,
    Export,
    Facts,
    Published,
    Refused,
    Rejected,
    Run,
    Table,
    TicketsWaiting,
    Waiting,
)

NOW = datetime(2026, 11, 27, 12, 34, 56, tzinfo=UTC)


def before(**duration):
    return NOW - timedelta(**duration)


def run(job=JOBS[0], ending="complete", **columns):
    started = columns.pop("started_at", before(minutes=40))
    return Run(
        job,
        started,
        ending,
        **{
            "ended_at": started + timedelta(seconds=75),
            "seconds": 75.0,
            "rows": 1200,
            "requests": 60,
            "rate_limited": 0,
            "waited_seconds": 3.5,
            "quota_used": 0.4,
            "published": 12 if job == JOBS[1] else None,
            **columns,
        },
    )


def export(model, **columns):
    return Export(model, columns.pop("completed_at", before(minutes=39)), 100, 100, 1.5, **columns)


HEALTHY = Facts(
    environment="staging",
    project="staging-cityblock-data",
    at=NOW,
    runs=tuple(run(job, started_at=before(hours=hour, minutes=40)) for hour in range(12) for job in JOBS),
    exports=(
        export("brand"),
        export("ticket", position=before(minutes=41), lag_seconds=120),
        export("user"),
    ),
    published=tuple(
        Published(before(hours=hour, minutes=34, seconds=56), hour % 7, 0) for hour in reversed(range(200))
    ),
    waiting=(Waiting("not_exported", "submitter", AGES[3], 9),),
    tickets_waiting=TicketsWaiting(9),
    tables=(
        Table("zendesk", "ticket", 5_000_000, 8 << 30, 0.16, 400),
        Table("zendesk", "view", 40, 9_000, 0, None),
    ),
    erasures=(Erasure("case-17", "user", "erase", before(days=2), before(days=2, minutes=-1), 3, 812),),
)
SICK = dataclasses.replace(
    HEALTHY,
    runs=(
        run(
            JOBS[0],
            "partly_unavailable",
            error="brand: HTTP 403 Forbidden: not available to this account",
            quota_used=0.97,
        ),
        run(JOBS[1], "failed", error="the cursors of ticket were not saved in staging:…"),
        *HEALTHY.runs[2:],
    ),
    exports=(export("brand", completed_at=before(hours=30)), *HEALTHY.exports[1:]),
    repeated=("user",),
    waiting=(*HEALTHY.waiting, Waiting("not_in_directory", "assignee", AGES[1], 4)),
    tickets_waiting=TicketsWaiting(13, 4, before(hours=5)),
    rejected=(
        Rejected(
            "ticket", "priority", "an object where a text belongs", "target-bigquery", 2, before(hours=3)
        ),
        Rejected("ticket", None, "no requester_id", "target-zendesk-pubsub", 1, before(hours=1)),
    ),
    drift=(Drift("ticket", "via.source.relation", "string", before(days=2), 41),),
    refused=(Refused("too large", 1, before(days=1)),),
)
