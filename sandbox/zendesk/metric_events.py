"""Ticket metric events, as they follow from a ticket's own events and the account's SLA policies.

Rules: https://developer.zendesk.com/documentation/ticketing/reference-guides/ticket-metric-event-types-reference and
https://support.zendesk.com/hc/en-us/articles/4408829459866, read on 28 November 2026. Zendesk does not document what happens
when a ticket is deleted (here: all but replies pause), nor when a breach is deleted (here: no policy applies any longer).
Update times are not simulated.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from sandbox.zendesk.business_hours import business_seconds, moment_after
from sandbox.zendesk.clock import iso
from sandbox.zendesk.events import MODEL as TICKET_EVENT
from sandbox.zendesk.events import complete, is_comment, of_ticket
from sandbox.zendesk.people import FIRST_ORGANIZATION
from sandbox.zendesk.sla_policies import Target, sla_policy, target
from sandbox.zendesk.special import number_of
from sandbox.zendesk.store import Stored
from sandbox.zendesk.ticket_metrics import RESOLVED, UNSOLVED, is_reply

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.zendesk.store import Json, Store

MODEL = "ticket_metric_event"
FIRST_EVENT = FIRST_ORGANIZATION * 20
A_TICKET, A_METRIC = 10_000, 2_000
"""The distance between the ids of two tickets' first events, and of two metrics of a ticket."""
QUIET_SECONDS = 120
REPLY = "reply_time"
ACTIVE = {
    "agent_work_time": {"new", "open"},
    "requester_wait_time": {"new", "open", "hold"},
    "resolution_time": UNSOLVED,
}
"""Statuses in which a metric is measured; in other unsolved ones it pauses."""
METRICS = (REPLY, *ACTIVE)
IN_POLICIES = {"resolution_time": "total_resolution_time"}
"""The names of SLA policies for metrics that have another one in events."""


def bring_up_to_date(store: Store) -> None:
    """Adds the events until now. Those that the account has stay, unless they are deleted."""
    complete(store)
    until, known = store.now - QUIET_SECONDS, store.count_all(TICKET_EVENT)
    if (until, known) == (store.fact("metric events until"), store.fact("metric events are of")):
        return
    stored = set(store.ids(MODEL))
    with store.transaction():
        for ticket in store.contents("ticket"):
            made = metric_events(ticket, of_ticket(store, ticket), until)
            store.put(
                Stored.of(MODEL, content, changed)
                for content, changed in made
                if content["id"] not in stored or content["deleted"]
            )
        store.set_fact("metric events until", until)
        store.set_fact("metric events are of", known)


def metric_events(ticket: Json, events: Iterable[Json], until: int) -> list[tuple[Json, int]]:
    """Each with when it last changed, in epoch seconds. `events`: all of the ticket, in order."""
    life = _Life(ticket)
    for event in events:
        life.happened(event)
    life.pass_time(until)
    return life.made


@dataclasses.dataclass
class _Instance:
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
    """Places of its breach events in `_Life.made`."""


class _Life:
    """Of one ticket, event by event."""

    def __init__(self, ticket: Json) -> None:
        self._requester = ticket["requester_id"]
        self._ticket_id = ticket["id"]
        self._fields: Json = {}
        self._schedule = 0
        self._is_new = True
        self._measured: dict[str, _Instance] = {}
        self.made: list[tuple[Json, int]] = []

    def happened(self, event: Json) -> None:
        moment, children = event["timestamp"], event["child_events"]
        self.pass_time(moment)
        for child in children:
            if "new_schedule_id" in child:
                self._schedule = int(child["new_schedule_id"]) - number_of("schedule", 0)
            elif not is_comment(child):
                self._fields |= child
        if self._is_new:
            for metric in METRICS:
                self._add(_Instance(metric, 0), "measure", moment)
            self._activate(REPLY, moment)
        for child in filter(is_comment, children):
            if child["public"] and not self._is_new:
                self._commented(child["author_id"], moment)
            self._is_new = False
        self._is_new = False
        for metric, statuses in ACTIVE.items():
            self._set_status(metric, statuses, moment)
        for instance in self._measured.values():
            self._apply(instance, moment)

    def pass_time(self, moment: int) -> None:
        """Adds the breaches before that time."""
        for instance in self._measured.values():
            if instance.since is None or instance.target is None or instance.is_breached:
                continue
            left = instance.target.minutes * 60 - self._elapsed(instance, instance.since)
            schedule = self._schedule if instance.target.in_business_hours else None
            breached = (
                instance.since + left if schedule is None else moment_after(schedule, instance.since, left)
            )
            if breached < moment:
                self._breach(instance, breached)

    def _commented(self, author: int, moment: int) -> None:
        """Publicly. Someone else than an agent waits for the next reply."""
        reply = self._measured[REPLY]
        if is_reply(self._requester, author):
            if not reply.is_fulfilled:
                self._fulfill(reply, moment)
        elif reply.is_fulfilled:
            self._measured[REPLY] = _Instance(REPLY, reply.number + 1)
            self._activate(REPLY, moment)

    def _set_status(self, metric: str, statuses: set[str], moment: int) -> None:
        status, instance = self._fields["status"], self._measured.get(metric)
        if status in statuses:
            if instance is None or instance.since is None:
                self._activate(metric, moment)
        elif instance is None or instance.is_fulfilled:
            return
        elif status in RESOLVED:
            self._fulfill(instance, moment)
        elif instance.since is not None:
            self._stop(instance, moment)
            self._add(instance, "pause", moment)

    def _activate(self, metric: str, moment: int) -> None:
        instance = self._measured.setdefault(metric, _Instance(metric, 1))
        instance.since, instance.is_fulfilled = moment, False
        self._add(instance, "activate", moment)

    def _fulfill(self, instance: _Instance, moment: int) -> None:
        self._stop(instance, moment)
        instance.is_fulfilled = True
        self._add(instance, "fulfill", moment)
        self._update_status(instance, moment)

    def _stop(self, instance: _Instance, moment: int) -> None:
        if instance.since is not None:
            instance.calendar += moment - instance.since
            instance.business += business_seconds(self._schedule, instance.since, moment)
            instance.since = None

    def _apply(self, instance: _Instance, moment: int) -> None:
        """The policy and target of now, if they are others than before."""
        name = ("first" if instance.number == 1 else "next") + "_reply_time"
        name = name if instance.metric == REPLY else IN_POLICIES.get(instance.metric, instance.metric)
        found = target(self._fields, name)
        if instance.is_fulfilled or found == instance.target:
            return
        instance.target, instance.is_breached = found, False
        if found is None:
            self._add(instance, "apply_sla", moment, sla=None)
            for place in instance.breaches:
                self.made[place] = ({**self.made[place][0], "deleted": True}, moment)
            instance.breaches.clear()
            return
        policy = {"id": number_of("sla_policy", found.policy), **_texts(sla_policy(found.policy))}
        content = {"target": found.minutes, "target_in_seconds": found.minutes * 60}
        sla = {**content, "business_hours": found.in_business_hours, "policy": policy}
        self._add(instance, "apply_sla", moment, sla=sla)
        if self._elapsed(instance, moment) >= found.minutes * 60:
            self._breach(instance, moment)

    def _breach(self, instance: _Instance, moment: int) -> None:
        instance.is_breached = True
        instance.breaches.append(len(self.made))
        self._add(instance, "breach", moment)
        self._update_status(instance, moment)

    def _elapsed(self, instance: _Instance, moment: int) -> int:
        """Seconds that count for its target."""
        since = moment if instance.since is None else instance.since
        if instance.target is not None and instance.target.in_business_hours:
            return instance.business + business_seconds(self._schedule, since, moment)
        return instance.calendar + moment - since

    def _update_status(self, instance: _Instance, moment: int) -> None:
        since = moment if instance.since is None else instance.since
        business = instance.business + business_seconds(self._schedule, since, moment)
        status = {"calendar": (instance.calendar + moment - since) // 60, "business": business // 60}
        self._add(instance, "update_status", moment, status=status)

    def _add(self, instance: _Instance, kind: str, moment: int, **rest: Json | None) -> None:
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


def _texts(policy: Json) -> Json:
    return {name: policy[name] for name in ("title", "description")}
