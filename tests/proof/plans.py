"""What a round does, from its seed."""

from __future__ import annotations

import dataclasses
import signal

from tests.proof.faults import FAULTS, UPLOAD

SERVICES = {
    "export": ("Zendesk", "BigQuery", "BigQuery", "GCS"),
    "publish": ("Zendesk", "BigQuery", "BigQuery", "Pub/Sub"),
    "dbt": ("BigQuery",),
    "erase": ("BigQuery",),
    "sweep": ("BigQuery",),
}
"""Whose requests may be the moment."""
PROCESSES = {
    "export": ("tap", "target", "group"),
    "publish": ("tap", "target", "group"),
    "dbt": ("dbt",),
    "erase": ("erase",),
    "sweep": ("sweep",),
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

    @property
    def may_repeat(self):
        """Whether up to a batch of messages may be sent twice: not after SIGTERM or SIGINT, or if only the tap is killed."""
        if self.action in ("restart", "fault"):
            return "publish" in (self.job, self.beside)
        return self.job == "publish" and self.action == "SIGKILL" and self.victim != "tap"

    def __str__(self):
        beside = f", {self.beside} beside it" if self.beside else ""
        rewound = ", from the beginning" if self.is_rewound else ""
        if self.action == "twice":
            return f"{self.job}{rewound}: twice at the same time"
        if self.faults:
            faults = " and ".join(
                f"{name} of {service} at {share:.0%}" for service, name, share in self.faults
            )
            return f"{self.job}{rewound}{beside}: {faults}"
        moment = f"{'before' if self.side == 'hold' else 'after'} request {self.share:.0%} to {self.service}"
        return f"{self.job}{rewound}{beside}: {self.action} of {self.victim}, {moment}"


def plan(rng):
    job = rng.choice(("export",) * 5 + ("publish",) * 5 + ("dbt", "erase", "sweep"))
    service, victim = rng.choice(SERVICES[job]), rng.choice(PROCESSES[job])
    action = rng.choice(SIGNALS).name
    if rng.random() < 0.25:
        action, victim = "restart", rng.choice(SERVICES[job])
    beside = {"export": "publish", "publish": "export"}.get(job, rng.choice(("export", "publish")))
    faults = ()
    if job in UPLOAD and rng.random() < 0.35:
        services = rng.sample(sorted(set(SERVICES[job])), rng.choice((1, 1, 1, 2, 3)))
        faults = tuple((name, rng.choice(sorted(FAULTS[name])), rng.random()) for name in services)
        action, victim = "fault", ", ".join(f"{service} {name}" for service, name, _ in faults)
        victim = victim if len(faults) == 1 else "several"
    beside = beside if rng.random() < 0.2 else None
    if job in UPLOAD and rng.random() < 0.08:
        action, victim, beside, faults = "twice", "at once", job, ()
    return Plan(
        job,
        action,
        victim,
        service,
        rng.random(),
        rng.choice(("hold", "late")),
        beside,
        is_rewound=job in UPLOAD and rng.random() < 0.25,
        faults=faults,
    )
