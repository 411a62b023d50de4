"""Measurements of one ticket's metrics, and the metric events that they leave: clocks, targets and breaches.

When a measurement begins, pauses and ends is in metric_events.py.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from sandbox.zendesk.business_hours import business_seconds, moment_after
from sandbox.zendesk.clock import iso
from sandbox.zendesk.people import FIRST_ORGANIZATION
from sandbox.zendesk.sla_policies import OWNERSHIP, Target, group_sla_policy, group_target, sla_policy, target
from sandbox.zendesk.special import number_of

if TYPE_CHECKING:
    from sandbox.zendesk.store import Json

FIRST_EVENT = FIRST_ORGANIZATION * 20
A_TICKET, A_METRIC = 10_000, 1_400
"""The distance between the ids of two tickets' first events, and of two metrics of a ticket."""
REPLY, RESOLUTION = "reply_time", "resolution_time"
METRICS = (
    REPLY, "agent_work_time", "requester_wait_time", RESOLUTION, "pausable_update_time", "periodic_update_time",
    OWNERSHIP,
)  # fmt: skip
IN_POLICIES = {RESOLUTION: "total_resolution_time"}
"""The names of SLA policies for metrics that have another one in events."""


@dataclasses.dataclass
class Instance:
    """A measurement. `since`: when it was activated; None while it is paused or fulfilled. Times in epoch seconds."""

    metric: str
    number: int
    since: int | None = None
    calendar: int = 0
    business: int = 0
    """Seconds until it was paused last."""
    is_fulfilled: bool = False
    target: Target | None = None
    is_breached: bool = False
    """By the current target."""
    breaches: list[int] = dataclasses.field(default_factory=list)
    """Places of its breach events in `Measurements.made`."""


class Measurements:
    """Of one ticket: the last instance of each metric."""

    def __init__(self, ticket_id: int) -> None:
        self._ticket_id = ticket_id
        self._last: dict[str, Instance] = {}
        self.schedule = 0
        """The ticket's, by its number."""
        self.made: list[tuple[Json, int]] = []
        """Events, each with when it last changed."""

    def measure(self, moment: int) -> None:
        """Says that the ticket's metrics are measured."""
        for metric in METRICS:
            self._add(Instance(metric, 0), "measure", moment)

    def last(self, metric: str) -> Instance | None:
        return self._last.get(metric)

    def begin(self, metric: str, moment: int) -> None:
        """Another instance."""
        before = self._last.get(metric)
        self._last[metric] = Instance(metric, before.number + 1 if before else 1)
        self.activate(self._last[metric], moment)

    def activate(self, instance: Instance, moment: int) -> None:
        """From the start, or again after it was paused or fulfilled."""
        instance.since, instance.is_fulfilled = moment, False
        self._add(instance, "activate", moment)

    def pause(self, instance: Instance, moment: int) -> None:
        self._stop(instance, moment)
        self._add(instance, "pause", moment)

    def fulfill(self, instance: Instance, moment: int) -> None:
        self._stop(instance, moment)
        instance.is_fulfilled = True
        self._add(instance, "fulfill", moment)
        self._update_status(instance, moment)

    def apply_policies(self, fields: Json, moment: int) -> None:
        """`fields`: the ticket's, which decide which policies and targets apply from then on."""
        for instance in self._last.values():
            found = _target(instance, fields)
            if not instance.is_fulfilled and found != instance.target:
                self._apply(instance, found, moment)

    def pass_time(self, moment: int) -> None:
        """Adds the breaches before that time."""
        for instance in self._last.values():
            if instance.since is None or instance.target is None or instance.is_breached:
                continue
            left = instance.target.minutes * 60 - self._elapsed(instance, instance.since)
            schedule = self.schedule if instance.target.in_business_hours else None
            breached = (
                instance.since + left if schedule is None else moment_after(schedule, instance.since, left)
            )
            if breached < moment:
                self._breach(instance, breached)

    def _apply(self, instance: Instance, found: Target | None, moment: int) -> None:
        instance.target, instance.is_breached = found, False
        name = "group_sla" if instance.metric == OWNERSHIP else "sla"
        if found is None:
            self._add(instance, f"apply_{name}", moment, **{name: None})
            for place in instance.breaches:
                self.made[place] = ({**self.made[place][0], "deleted": True}, moment)
            instance.breaches.clear()
            return
        content = {"target": found.minutes, "target_in_seconds": found.minutes * 60}
        applied = {**content, "business_hours": found.in_business_hours, "policy": _policy(instance, found)}
        self._add(instance, f"apply_{name}", moment, **{name: applied})
        if self._elapsed(instance, moment) >= found.minutes * 60:
            self._breach(instance, moment)

    def _stop(self, instance: Instance, moment: int) -> None:
        if instance.since is not None:
            instance.calendar += moment - instance.since
            instance.business += business_seconds(self.schedule, instance.since, moment)
            instance.since = None

    def _breach(self, instance: Instance, moment: int) -> None:
        instance.is_breached = True
        instance.breaches.append(len(self.made))
        self._add(instance, "breach", moment)
        self._update_status(instance, moment)

    def _elapsed(self, instance: Instance, moment: int) -> int:
        """Seconds that count for its target."""
        since = moment if instance.since is None else instance.since
        if instance.target is not None and instance.target.in_business_hours:
            return instance.business + business_seconds(self.schedule, since, moment)
        return instance.calendar + moment - since

    def _update_status(self, instance: Instance, moment: int) -> None:
        since = moment if instance.since is None else instance.since
        business = instance.business + business_seconds(self.schedule, since, moment)
        status = {"calendar": (instance.calendar + moment - since) // 60, "business": business // 60}
        self._add(instance, "update_status", moment, status=status)

    def _add(self, instance: Instance, kind: str, moment: int, **rest: Json | None) -> None:
        first = FIRST_EVENT + A_TICKET * self._ticket_id + A_METRIC * METRICS.index(instance.metric)
        number = sum(content["metric"] == instance.metric for content, _ in self.made)
        content = {
            "id": first + number,
            "ticket_id": self._ticket_id,
            "metric": instance.metric,
            "instance_id": instance.number,
            "type": kind,
            "time": iso(moment),
            "deleted": False,
            **rest,
        }
        self.made.append((content, moment))


def _target(instance: Instance, fields: Json) -> Target | None:
    if instance.metric == OWNERSHIP:
        return group_target(fields)
    if instance.metric == REPLY:
        return target(fields, "first_reply_time" if instance.number == 1 else "next_reply_time")
    return target(fields, IN_POLICIES.get(instance.metric, instance.metric))


def _policy(instance: Instance, found: Target) -> Json:
    if instance.metric == OWNERSHIP:
        policy = group_sla_policy(found.policy)
    else:
        policy = {"id": number_of("sla_policy", found.policy), **sla_policy(found.policy)}
    return {name: policy[name] for name in ("id", "title", "description")}
