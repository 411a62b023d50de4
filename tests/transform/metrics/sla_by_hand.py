"""SLAs of a ticket as one would count them by hand: spans of each measurement, and the targets that applied to it."""

from __future__ import annotations

import dataclasses
from collections import ChainMap
from datetime import UTC, datetime
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

UNSOLVED = ("new", "open", "pending", "hold")
STATUSES = {
    "agent_work_time": ("new", "open"),
    "requester_wait_time": ("new", "open", "hold"),
    "resolution_time": UNSOLVED,
}
"""In which a metric counts; solved and closed fulfill it, in all others it pauses."""
REPEATED = {
    "pausable_update_time": ("new", "open", "hold"),
    "periodic_update_time": UNSOLVED,
    "group_ownership_time": UNSOLVED,
}
"""Likewise, of metrics that are measured again from each public comment of an agent, or for each group."""


@dataclasses.dataclass
class Measurement:
    """Times in epoch seconds. `spans`: start and end, None while it lasts. `targets`: since when, and the target or None."""

    metric: str
    number: int
    spans: list[list[int | None]] = dataclasses.field(default_factory=list)
    fulfilled: list[int] = dataclasses.field(default_factory=list)
    targets: list[tuple[int, tuple | None]] = dataclasses.field(default_factory=list)

    @property
    def is_running(self) -> bool:
        return bool(self.spans) and self.spans[-1][1] is None

    @property
    def is_fulfilled(self) -> bool:
        return bool(self.fulfilled) and self.spans[-1][1] == self.fulfilled[-1]

    def seconds(self, until: int, clock: Callable[[int, int], int]) -> int:
        """Of the spans until then."""
        return sum(
            clock(start, min(until, until if end is None else end))
            for start, end in self.spans
            if start < until
        )


def measurements(
    events: list[dict], is_staff: Callable[[int], bool], target_of: Callable[[dict, str, int], tuple | None]
) -> list[Measurement]:
    """`events`: all of one ticket. `target_of`: fields, metric and number → (policy, seconds, in business hours)."""
    fields, found = {}, []
    for event in events:
        moment, children = event["timestamp"], event["child_events"]
        for change in children:
            if change["event_type"] in ("Create", "Change"):
                fields.update(change)
        if event is events[0]:
            found += [Measurement("reply_time", 1, [[moment, None]])]
            found += [Measurement(metric, 1) for metric in STATUSES]
        else:
            for comment in (one for one in children if one["event_type"] == "Comment" and one["public"]):
                say(found, moment, by_staff=is_staff(comment["author_id"]))
        for one in found:
            if one.metric in STATUSES:
                follow(one, moment, fields["status"])
            if one.spans and not one.is_fulfilled:
                target = target_of(fields, one.metric, one.number)
                if target != (one.targets[-1][1] if one.targets else None):
                    one.targets.append((moment, target))
    return [*found, *repeated(list(lived(events, is_staff)), target_of)]


def say(found: list[Measurement], moment: int, *, by_staff: bool) -> None:
    """A public comment."""
    last = [one for one in found if one.metric == "reply_time"][-1]
    if by_staff and last.is_running:
        last.spans[-1][1] = moment
        last.fulfilled.append(moment)
    elif not by_staff and last.is_fulfilled:
        found.append(Measurement("reply_time", last.number + 1, [[moment, None]]))


def follow(one: Measurement, moment: int, status: str) -> None:
    counts = status in STATUSES[one.metric]
    if counts and not one.is_running:
        one.spans.append([moment, None])
    elif not counts and one.spans and not one.is_fulfilled:
        if one.is_running:
            one.spans[-1][1] = moment
        if status in ("solved", "closed"):
            one.spans.append([moment, moment])  # it may have paused before
            one.fulfilled.append(moment)


@dataclasses.dataclass(frozen=True)
class Moment:
    """A ticket after one of its events. `is_update`: that it had a public comment of an agent."""

    at: int
    fields: dict
    is_update: bool


def lived(events: list[dict], is_staff: Callable[[int], bool]) -> Iterator[Moment]:
    fields: dict = {}
    for event in events:
        changes = [one for one in event["child_events"] if one["event_type"] in ("Create", "Change")]
        comments = [one for one in event["child_events"] if one["event_type"] == "Comment" and one["public"]]
        fields = dict(ChainMap(*reversed(changes), fields))
        yield Moment(event["timestamp"], fields, any(is_staff(one["author_id"]) for one in comments))


def repeated(
    life: list[Moment], target_of: Callable[[dict, str, int], tuple | None]
) -> Iterator[Measurement]:
    """Each measurement is a part of the ticket's life."""
    updated, had = list(between_updates(life)), owned(life)
    for metric, statuses in REPEATED.items():
        parts = had if metric == "group_ownership_time" else updated
        for number, (first, end) in enumerate(parts, 1):
            one = Measurement(metric, number, [[life[first].at, life[first].at]])
            for moment, following in zip_longest(life[first:end], life[first + 1 : end]):
                if moment.fields["status"] in statuses:
                    until = following or (None if end is None else life[end])
                    start = one.spans.pop()[0] if one.spans[-1][1] == moment.at else moment.at
                    one.spans.append([start, until and until.at])
                target = target_of(moment.fields, metric, number)
                if target != (one.targets[-1][1] if one.targets else None):
                    one.targets.append((moment.at, target))
            if end is not None:
                one.fulfilled.append(life[end].at)
                one.spans.append([life[end].at, life[end].at])
            yield one


def between_updates(life: list[Moment]) -> Iterator[tuple[int, int | None]]:
    """From an agent's public comment on an unsolved ticket to the next comment, or the solution: their places."""
    ends = [n for n, one in enumerate(life) if one.is_update or one.fields["status"] in ("solved", "closed")]
    for place, moment in enumerate(life):
        if moment.is_update and moment.fields["status"] in UNSOLVED:
            yield place, min((end for end in ends if end > place), default=None)


def owned(life: list[Moment]) -> list[tuple[int, int | None]]:
    """Where one group after the other has the ticket: first place, and that of its end. What is deleted keeps its group."""
    known = [
        (place, moment.fields.get("group_id") if moment.fields["status"] in UNSOLVED else None)
        for place, moment in enumerate(life)
        if moment.fields["status"] != "deleted"
    ]
    changes = [(place, group) for n, (place, group) in enumerate(known) if not n or group != known[n - 1][1]]
    ends = [place for place, _ in changes[1:]]
    return [(place, end) for (place, group), end in zip_longest(changes, ends) if group is not None]


def breaches(
    one: Measurement, until: int, clock: Callable[[int, int, bool], int]
) -> Iterator[tuple[int, bool]]:
    """(when a target was missed, whether it still counts). `clock`: seconds, in business hours or not."""
    removed = max((at for at, target in one.targets if target is None), default=-1)
    for place, (since, target) in enumerate(one.targets):
        if target is None:
            continue
        replaced = one.targets[place + 1][0] if place + 1 < len(one.targets) else until

        def is_reached(moment: int, target: tuple = target) -> bool:
            return one.seconds(moment, lambda a, b: clock(a, b, target[2])) >= target[1]

        moment = since
        if not is_reached(since):
            moment, later = since, replaced
            if not is_reached(later):
                continue
            while later - moment > 1:
                middle = (moment + later) // 2
                moment, later = (moment, middle) if is_reached(middle) else (middle, later)
            moment = later
            if moment == replaced or any(moment == end for _, end in one.spans):
                continue  # fulfilled, paused or replaced in that second
        yield moment, since > removed


def rows(
    events: list[dict],
    is_staff: Callable[[int], bool],
    target_of: Callable[[dict, str, int], tuple | None],
    clock: Callable[[int, int, bool], int],
    until: int,
) -> Iterable[dict]:
    """What `ticket_sla` should have of the ticket."""
    for one in measurements(events, is_staff, target_of):
        if not one.targets or one.targets[-1][1] is None:
            continue
        applied, (policy, seconds, in_business_hours) = one.targets[-1]
        missed = list(breaches(one, until, clock))
        counted = min((moment for moment, counts in missed if counts), default=None)
        updated = max([*one.fulfilled, *(moment for moment, _ in missed)], default=None)
        state = "fulfilled" if one.is_fulfilled else "active" if one.is_running else "paused"
        minutes = None
        if updated is not None:
            counted_by = partial(clock, in_business_hours=in_business_hours)
            minutes = one.seconds(updated, counted_by) // 60
        yield {
            "metric": one.metric,
            "instance_id": one.number,
            "policy_id": policy if isinstance(policy, int) else None,
            "group_policy_id": policy if isinstance(policy, str) else None,
            "policy_applied_at": time(applied),
            "target_seconds": seconds,
            "is_in_business_hours": in_business_hours,
            "activated_at": time(one.spans[0][0]),
            "fulfilled_at": time(max(one.fulfilled, default=None)),
            "breached_at": time(counted),
            "state": state,
            "is_breached": counted is not None and (state != "fulfilled" or counted <= one.fulfilled[-1]),
            "minutes": minutes,
        }


def time(moment: int | None) -> datetime | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC)
