"""What the page shows: facts without an id or a text of a ticket or user."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclasses.dataclass(frozen=True)
class Run:
    """A row of PIPELINE_RUN_latest. `quota_used`: from 0 to 1. `steps`: (name, seconds). `remainder`: (model, rows)."""

    job: str
    started_at: datetime
    ending: str
    ended_at: datetime | None = None
    error: str | None = None
    seconds: float | None = None
    steps: tuple[tuple[str, float], ...] = ()
    rows: int | None = None
    bytes: int | None = None
    requests: int | None = None
    rate_limited: int | None = None
    retries: int | None = None
    waited_seconds: float | None = None
    quota_used: float | None = None
    rejected_records: int | None = None
    published: int | None = None
    waiting: int | None = None
    refused: int | None = None
    remainder: tuple[tuple[str, int | None], ...] = ()


@dataclasses.dataclass(frozen=True)
class Export:
    """The last complete export of a model, and how many objects its view has; None: not known.

    `completed_at`: by this side's clock. `position`: where the next export starts, if the model is incremental, and
    `lag_seconds`: how long before the end of the export that was, by Zendesk's clock.
    """

    model: str
    completed_at: datetime
    exported: int
    objects: int | None = None
    seconds: float | None = None
    position: datetime | None = None
    lag_seconds: float | None = None
    in_progress_at: datetime | None = None


@dataclasses.dataclass(frozen=True)
class Published:
    """Messages of one hour, UTC; `replayed` of them were replays."""

    hour: datetime
    messages: int
    replayed: int


@dataclasses.dataclass(frozen=True)
class Waiting:
    """Tickets that wait for the same reason since the same span of time. A ticket may wait for several reasons."""

    reason: str
    field: str
    age: str
    tickets: int


@dataclasses.dataclass(frozen=True)
class TicketsWaiting:
    """`unknown` of these tickets wait for a user whom the internal directory does not know, the first one since then."""

    tickets: int = 0
    unknown: int = 0
    unknown_since: datetime | None = None


@dataclasses.dataclass(frozen=True)
class Rejected:
    """Open rejected records of one stream and cause. `column`: None if the whole record could not be read."""

    stream: str
    column: str | None
    reason: str
    rejected_by: str
    records: int
    since: datetime


@dataclasses.dataclass(frozen=True)
class Drift:
    """A property that Zendesk has sent in the last days and the model's schema lacks, in so many records since then."""

    model: str
    property: str
    json_types: str
    since: datetime
    records: int


@dataclasses.dataclass(frozen=True)
class Refused:
    """Messages that Pub/Sub refused, and that no later version of their tickets has replaced."""

    reason: str
    messages: int
    latest: datetime


@dataclasses.dataclass(frozen=True)
class Table:
    """`dollars`: a month, for its storage."""

    dataset: str
    name: str
    rows: int
    logical_bytes: int
    dollars: float
    expires_after: int | None


@dataclasses.dataclass(frozen=True)
class Erasure:
    """A row of ERASURE. `rows`: that were erased, of all tables."""

    request: str | None
    kind: str
    mode: str
    started_at: datetime
    ended_at: datetime
    ids: int
    rows: int


@dataclasses.dataclass(frozen=True)
class Facts:
    """Of one environment at one time. `absent`: tables that do not exist yet, and whose part is empty therefore.

    `repeated`: models whose last export started where the one before it had started, and not where that had ended.
    """

    environment: str
    project: str
    at: datetime
    runs: tuple[Run, ...] = ()
    exports: tuple[Export, ...] = ()
    repeated: tuple[str, ...] = ()
    published: tuple[Published, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    tickets_waiting: TicketsWaiting = TicketsWaiting()
    rejected: tuple[Rejected, ...] = ()
    drift: tuple[Drift, ...] = ()
    refused: tuple[Refused, ...] = ()
    tables: tuple[Table, ...] = ()
    erasures: tuple[Erasure, ...] = ()
    absent: frozenset[str] = frozenset()


JOBS = ("tap-to-bigquery", "tap-to-pubsub")
AGES = ("less than an hour", "less than a day", "less than a week", "a week or more")
