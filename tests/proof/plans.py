"""What a round does, from its seed."""

from __future__ import annotations

import dataclasses
import signal
from dataclasses import replace

from tests.proof.faults import FAULTS, UPLOAD

SERVICES = {
    "export": ("Zendesk", "BigQuery", "BigQuery", "GCS"),
    "publish": ("Zendesk", "BigQuery", "BigQuery", "Pub/Sub"),
    "dbt": ("BigQuery",),
    "erase": ("BigQuery",),
    "sweep": ("BigQuery",),
}
"""Whose requests may be the moment."""
BESIDE = {"export": "publish", "publish": "export"}
PROCESSES = {
    "export": ("tap", "target", "group"),
    "publish": ("tap", "target", "group"),
    "dbt": ("dbt",),
    "erase": ("erase",),
    "sweep": ("sweep",),
}
UNDER_MELTANO = {
    "export": ("meltano", "tap", "target", "dbt", "group"),
    "publish": ("meltano", "tap", "target", "group"),
}
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


@dataclasses.dataclass(frozen=True)
class Plan:
    """`beside`: a job that runs at the same time. `share`: which request of the service's, of those that the job sends.

    `action`: a signal, `restart` of a server, `fault`, or `twice` for a job that runs twice at the same time. `victim`: a process, the group, a server, or the fault's name.
    `faults`: (service, name, share); several are on their way at once.
    """

    job: str
    action: str
    victim: str
    service: str
    share: float
    side: str
    beside: str | None = None
    is_rewound: bool = False
    faults: tuple[tuple[str, str, float], ...] = ()
    is_meltano: bool = False
    """Whether Meltano runs it, and its undisturbed run after it."""

    @property
    def may_repeat(self):
        """Whether up to a batch of messages may be sent twice: not after SIGTERM or SIGINT, or if only the tap is killed."""
        if self.action in ("restart", "fault"):
            return "publish" in (self.job, self.beside)
        return self.job == "publish" and self.action == "SIGKILL" and self.victim != "tap"

    def __str__(self):
        job = f"{self.job}{' under Meltano' if self.is_meltano else ''}"
        beside = f", {self.beside} beside it" if self.beside else ""
        rewound = ", from the beginning" if self.is_rewound else ""
        if self.action == "twice":
            return f"{job}{rewound}: twice at the same time"
        if self.faults:
            faults = " and ".join(
                f"{name} of {service} at {share:.0%}" for service, name, share in self.faults
            )
            return f"{job}{rewound}{beside}: {faults}"
        moment = f"{'before' if self.side == 'hold' else 'after'} request {self.share:.0%} to {self.service}"
        return f"{job}{rewound}{beside}: {self.action} of {self.victim}, {moment}"


def plan(rng, *, is_first=False):
    """`is_first`: of its world, whose warehouse has no views yet."""
    job = rng.choice(("export",) * 5 + ("publish",) * 5 + ("dbt", "erase", "sweep"))
    if is_first:
        job = "export"
    usual = Plan(
        job,
        rng.choice(SIGNALS).name,
        rng.choice(PROCESSES[job]),
        rng.choice(SERVICES[job]),
        rng.random(),
        rng.choice(("hold", "late")),
        rng.choice((None,) * 4 + (BESIDE.get(job, "export"),)),
        is_rewound=job in UPLOAD and rng.random() < 0.25,
    )
    kind = rng.random()
    if job in UPLOAD and kind < 0.3:
        return with_faults(usual, rng)
    if job in UPLOAD and kind < 0.38:
        return replace(usual, action="twice", victim="at once", beside=job)
    if job in UPLOAD and kind < 0.44 and not is_first:
        return replace(usual, victim=rng.choice(UNDER_MELTANO[job]), is_meltano=True)
    if kind > 0.78:
        return replace(usual, action="restart", victim=rng.choice(SERVICES[job]))
    return usual


def with_faults(usual, rng):
    services = rng.sample(sorted(set(SERVICES[usual.job])), rng.choice((1, 1, 1, 2, 3)))
    faults = tuple((name, rng.choice(sorted(FAULTS[name])), rng.random()) for name in services)
    victim = ": ".join(faults[0][:2]) if len(faults) == 1 else "several"
    return replace(usual, action="fault", victim=victim, faults=faults)
