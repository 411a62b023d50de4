"""From facts to problems: what is wrong now, the worst first, and which section of the runbook says what to do."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from enum import IntEnum
from typing import TYPE_CHECKING

from operations_page.facts import JOBS
from operations_page.words import ago, counted, duration, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from operations_page.facts import Facts, Run

OVERDUE = timedelta(hours=3)
"""Without a complete run of a job; deploy/README.md has the same alarm."""
STALE = timedelta(hours=26)
"""Without a complete export of a model; transform/models/sources.yml warns after the same time."""
GIVEN_UP = timedelta(days=14)
"""A model without an export for that long is no longer among those that the settings name."""
LONG_WAIT = timedelta(days=1)
NEAR_LIMIT = 0.95
"""Share of a rate limit of Zendesk's; the tap itself leaves a fifth of it to others."""
RECENT = timedelta(days=1)


class Level(IntEnum):
    """`ACT`: something is missing until somebody acts. `LOOK`: something to do when there is time."""

    ACT = 0
    LOOK = 1


@dataclasses.dataclass(frozen=True)
class Problem:
    """`section`: a heading of docs/runbook.md. `commands`: of the runbook, in the order in which they end the problem."""

    level: Level
    title: str
    detail: str
    section: str
    commands: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Cause:
    """What a run's error means: `text` is a part of the sentence. `commands` come before another run of the job."""

    text: str
    section: str
    commands: tuple[str, ...] = ()


SAVED_STATE = 'meltano --environment="$MELTANO_ENVIRONMENT" invoke saved-state:check'
CAUSES = (
    Cause("were not saved in", "The state was not saved", (SAVED_STATE,)),
    Cause("Failed to persist incremental state", "The state was not saved", (SAVED_STATE,)),
    Cause("more than max_rejected_share", "Rejected records"),
    Cause("refused the credentials", "Change credentials"),
    Cause("refused the OAuth client", "Change credentials"),
    Cause("its cursor is not one of Zendesk's", "Rewind a cursor"),
    Cause("not available to this account", "Zendesk"),
    Cause("gave up after", "Zendesk"),
    Cause("HTTP 402", "Zendesk"),
    Cause("redirects to", "Zendesk"),
)
SECTIONS = {"partly_unavailable": "Zendesk", "out_of_quota": "Zendesk"}
"""By a run's ending, if its error has none of these causes."""
VERBS = {
    "failed": "failed",
    "partly_unavailable": "could not export everything",
    "out_of_quota": "ran out of Zendesk's requests",
    "interrupted": "was interrupted",
}
VIEWS = {
    "zendesk.REJECTED_RECORD_latest": "zendesk.REJECTED_RECORD",
    "zendesk.TICKET_USER_JOIN_ERROR_latest": "messages.zendesk_ticket_waiting",
}
"""Without such a view its part of the page is empty, which hides problems if the table exists from which it is made."""
RELOADS = {
    name: (f"meltano invoke {name}:reload-rejected --dry-run", f"meltano invoke {name}:reload-rejected")
    for name in ("target-bigquery", "target-zendesk-pubsub")
}


def judge(facts: Facts) -> tuple[Problem, ...]:
    """Empty if all is well."""
    found = [
        *_exports(facts),
        *_jobs(facts),
        *_missing_views(facts),
        *_repeated(facts),
        *_rejected(facts),
        *_refused(facts),
        *_waiting(facts),
        *_quota(facts),
        *_remainders(facts),
    ]
    return tuple(sorted(found, key=lambda problem: problem.level))


def _exports(facts: Facts) -> Iterator[Problem]:
    command = ("meltano run tap-to-bigquery",)
    if not facts.exports:
        yield Problem(
            Level.ACT,
            "Nothing has been exported yet",
            "EXPORT_METADATA_latest has no complete export.",
            "First run, and reading again from a day",
            command,
        )
    late = [one for one in facts.exports if STALE < facts.at - one.completed_at < GIVEN_UP]
    if late:
        oldest = min(one.completed_at for one in late)
        yield Problem(
            Level.ACT,
            f"{counted(len(late), 'model')} {'is' if len(late) == 1 else 'are'} out of date",
            f"The last complete export of {listed([one.model for one in late])} is more than"
            f" {STALE.total_seconds() / 3600:.0f} hours old; the oldest is from {ago(facts.at - oldest)}.",
            "How fresh is each model",
            command,
        )


def _jobs(facts: Facts) -> Iterator[Problem]:
    if not facts.runs:
        yield Problem(
            Level.LOOK,
            "No run has been recorded",
            f"PIPELINE_RUN_latest {'does not exist yet' if 'zendesk.PIPELINE_RUN_latest' in facts.absent else 'is empty'}:"
            " this page cannot say how the jobs ended.",
            "Runs",
            tuple(f"meltano run {job}" for job in JOBS),
        )
        return
    for job in JOBS:
        yield from _job(facts, job, [run for run in facts.runs if run.job == job])


def _job(facts: Facts, job: str, runs: list[Run]) -> Iterator[Problem]:
    ended = [run for run in runs if run.ending != "running"]
    completed = next((run for run in ended if run.ending == "complete"), None)
    latest = completed or next(iter(runs if not ended else ()), None)  # else the first of all, which runs now
    since = ago(facts.at - completed.started_at) if completed else None
    is_overdue = latest is None or facts.at - latest.started_at > OVERDUE
    if ended and ended[0].ending != "complete":
        last = ended[0]
        cause = next((one for one in CAUSES if one.text in (last.error or "")), None)
        yield Problem(
            Level.LOOK if last.ending == "interrupted" and not is_overdue else Level.ACT,
            f"{job} {VERBS[last.ending]} {ago(facts.at - (last.ended_at or last.started_at))}",
            f"{_sentence(last.error or 'It left no error')}"
            f" {f'It last completed {since}.' if since else 'No run of the last two weeks completed.'}",
            cause.section if cause else SECTIONS.get(last.ending, "Runs"),
            (*(cause.commands if cause else ()), f"meltano run {job}"),
        )
    elif is_overdue:
        yield Problem(
            Level.ACT,
            f"{job} has not completed for {OVERDUE.total_seconds() / 3600:.0f} hours",
            f"It last completed {since}." if since else "No run of the last two weeks completed.",
            "Runs",
            (f"meltano run {job}",),
        )


def _missing_views(facts: Facts) -> Iterator[Problem]:
    missing = [view for view, table in VIEWS.items() if view in facts.absent and table not in facts.absent]
    if missing:
        yield Problem(
            Level.LOOK,
            f"{listed([view.partition('.')[2] for view in missing])} {'does' if len(missing) == 1 else 'do'} not exist",
            "This page cannot say whether records are rejected or tickets wait. The next complete run makes the views.",
            "Runs",
            ("meltano run tap-to-bigquery",),
        )


def _repeated(facts: Facts) -> Iterator[Problem]:
    if facts.repeated:
        yield Problem(
            Level.ACT,
            f"The cursor{' of' if len(facts.repeated) == 1 else 's of'} {listed(facts.repeated)}"
            f" {'was' if len(facts.repeated) == 1 else 'were'} not saved",
            "The last export started at the same point as the one before it, so every run reads the same data again."
            " If someone rewound the cursor, the next run resolves this.",
            "The state was not saved",
            (SAVED_STATE, "meltano run tap-to-bigquery"),
        )


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _rejected(facts: Facts) -> Iterator[Problem]:
    for target, commands in RELOADS.items():
        found = [one for one in facts.rejected if one.rejected_by == target]
        if found:
            streams = sorted({one.stream for one in found})
            yield Problem(
                Level.ACT,
                f"{counted(sum(one.records for one in found), 'record')} of {listed(streams)} rejected by {target}",
                f"{found[0].reason}. Open for"
                f" {duration((facts.at - min(one.since for one in found)).total_seconds())}; all other records were loaded.",
                "Rejected records",
                commands,
            )


def _refused(facts: Facts) -> Iterator[Problem]:
    if facts.refused:
        yield Problem(
            Level.ACT,
            f"Pub/Sub refused {counted(sum(one.messages for one in facts.refused), 'message')}",
            f"{facts.refused[0].reason}. Commons has an older version of these tickets, or none.",
            "Refused messages",
        )


def _waiting(facts: Facts) -> Iterator[Problem]:
    """Tickets that wait only for users who are not exported need nothing: their users come, or were deleted."""
    found = facts.tickets_waiting
    if found.unknown and found.unknown_since:
        age = facts.at - found.unknown_since
        yield Problem(
            Level.ACT if age > LONG_WAIT else Level.LOOK,
            f"{counted(found.unknown, 'ticket')} {'waits' if found.unknown == 1 else 'wait'} for users without a match",
            f"The internal directory does not know one of their users; the first has waited for {duration(age.total_seconds())}."
            " The Member Service corrects that; the next run then publishes them.",
            "Fix join errors",
            ("meltano run tap-to-pubsub",),
        )


def _quota(facts: Facts) -> Iterator[Problem]:
    recent = [run for run in facts.runs if facts.at - run.started_at < RECENT]
    limited = sum(run.rate_limited or 0 for run in recent)
    most = max((run.quota_used or 0 for run in recent), default=0)
    if limited or most >= NEAR_LIMIT:
        yield Problem(
            Level.LOOK,
            "Zendesk's requests are nearly used up",
            f"In the last day, Zendesk answered HTTP 429 {counted(limited, 'time')}; up to {most:.0%} of a rate limit was in"
            " use, by all clients of the account.",
            "Zendesk",
        )


def _remainders(facts: Facts) -> Iterator[Problem]:
    """By the last run of each job that has figures: each reads on from where the one before it stopped."""
    for job in JOBS:
        last = next((run for run in facts.runs if run.job == job and run.requests is not None), None)
        if last is not None and last.remainder:
            counts = [rows for _, rows in last.remainder if rows is not None]
            is_counted = len(counts) == len(last.remainder)
            amount = (
                f"about {counted(sum(counts), 'row')}" if is_counted else "rows that Zendesk does not count"
            )
            yield Problem(
                Level.LOOK,
                f"A first export of {listed([model for model, _ in last.remainder])} is not complete",
                f"Later runs of {job} read what is left of it, a part each: {amount}. Until then some deleted objects are"
                " missing.",
                "Zendesk",
                (f"meltano run {job}",),
            )
