"""Ticket metric events, as they follow from a ticket's own events and the account's SLA policies.

Rules, and what Zendesk does not document: docs/zendesk/metric-events-and-slas.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.zendesk.events import MODEL as TICKET_EVENT
from sandbox.zendesk.events import complete, is_comment, of_ticket
from sandbox.zendesk.measurements import REPLY, RESOLUTION, Measurements
from sandbox.zendesk.sla_policies import OWNERSHIP
from sandbox.zendesk.special import number_of
from sandbox.zendesk.store import Stored
from sandbox.zendesk.ticket_metrics import RESOLVED, UNSOLVED, is_reply

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.zendesk.store import Json, Store

MODEL = "ticket_metric_event"
QUIET_SECONDS = 120
WAITS = {
    "agent_work_time": {"new", "open"},
    "requester_wait_time": {"new", "open", "hold"},
    RESOLUTION: UNSOLVED,
}
"""One instance a ticket. Statuses in which it is measured; in other unsolved ones it pauses."""
UPDATES = {"pausable_update_time": {"new", "open", "hold"}, "periodic_update_time": UNSOLVED}
"""An instance from each public comment of an agent to the next. Statuses as in `WAITS`."""


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
    life.measurements.pass_time(until)
    return life.measurements.made


class _Life:
    """Of one ticket, event by event."""

    def __init__(self, ticket: Json) -> None:
        self._requester = ticket["requester_id"]
        self._fields: Json = {}
        self._owner: int | None = None
        """The group that has the ticket, until it is solved."""
        self._is_new = True
        self.measurements = Measurements(ticket["id"])

    def happened(self, event: Json) -> None:
        moment, children = event["timestamp"], event["child_events"]
        self.measurements.pass_time(moment)
        for child in children:
            if "new_schedule_id" in child:
                self.measurements.schedule = int(child["new_schedule_id"]) - number_of("schedule", 0)
            elif not is_comment(child):
                self._fields |= child
        if self._is_new:
            self.measurements.measure(moment)
            self.measurements.begin(REPLY, moment)
        for child in filter(is_comment, children):
            if child["public"]:
                self._commented(child["author_id"], moment)
            self._is_new = False
        self._is_new = False
        self._own(moment)
        for metric, statuses in WAITS.items():
            if self._fields["status"] in statuses and self.measurements.last(metric) is None:
                self.measurements.begin(metric, moment)
        for metric, statuses in {**WAITS, **UPDATES, OWNERSHIP: UNSOLVED}.items():
            self._follow(metric, statuses, moment)
        self.measurements.apply_policies(self._fields, moment)

    def _commented(self, author: int, moment: int) -> None:
        """Publicly. Someone else than an agent waits for the next reply; the comment of a new ticket is none."""
        is_by_agent = is_reply(self._requester, author)
        reply = self.measurements.last(REPLY)
        if reply is not None and not self._is_new and is_by_agent != reply.is_fulfilled:
            if is_by_agent:
                self.measurements.fulfill(reply, moment)
            else:
                self.measurements.begin(REPLY, moment)
        for metric in UPDATES if is_by_agent else ():
            self._end(metric, moment)
            if self._fields["status"] in UNSOLVED:
                self.measurements.begin(metric, moment)

    def _own(self, moment: int) -> None:
        status = self._fields["status"]
        owner = self._fields.get("group_id") if status in UNSOLVED else None
        if owner != self._owner and status in UNSOLVED | RESOLVED:
            self._owner = owner
            self._end(OWNERSHIP, moment)
            if owner is not None:
                self.measurements.begin(OWNERSHIP, moment)

    def _follow(self, metric: str, statuses: set[str], moment: int) -> None:
        """Activates, pauses or ends the last instance, as its ticket's status says. Waits go on when it is reopened."""
        status, instance = self._fields["status"], self.measurements.last(metric)
        if instance is None or (instance.is_fulfilled and metric not in WAITS):
            return
        if status in RESOLVED:
            self._end(metric, moment)
        elif status in statuses and instance.since is None:
            self.measurements.activate(instance, moment)
        elif status not in statuses and instance.since is not None:
            self.measurements.pause(instance, moment)

    def _end(self, metric: str, moment: int) -> None:
        instance = self.measurements.last(metric)
        if instance is not None and not instance.is_fulfilled:
            self.measurements.fulfill(instance, moment)
