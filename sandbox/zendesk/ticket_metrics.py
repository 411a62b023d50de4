"""The metrics of a ticket, as they follow from its events."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import TYPE_CHECKING

from sandbox.zendesk.business_hours import business_seconds
from sandbox.zendesk.clock import iso
from sandbox.zendesk.people import FIRST_USER, HOST, is_agent
from sandbox.zendesk.special import number_of
from sandbox.zendesk.tickets import FIRST_METRIC

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.zendesk.store import Json

UNSOLVED = {"new", "open", "pending", "hold"}
RESOLVED = {"solved", "closed"}
NOTHING: Json = {"calendar": None, "business": None}


@dataclasses.dataclass
class _Life:
    """What happened to a ticket; times in epoch seconds."""

    created: int
    schedule: int = 0
    status: str | None = None
    since: int = 0
    periods: list[tuple[str, int, int, int]] = dataclasses.field(default_factory=list)
    """Status, start, end, and the schedule at the end."""
    replies: list[tuple[int, int]] = dataclasses.field(default_factory=list)
    """Times, with the schedule."""
    resolved: list[tuple[str, int, int]] = dataclasses.field(default_factory=list)
    """Status, time and schedule."""
    reopens: int = 0
    groups: list[int] = dataclasses.field(default_factory=list)
    assignees: list[tuple[int, int]] = dataclasses.field(default_factory=list)
    """User and time."""

    def set_status(self, status: str, moment: int) -> None:
        if self.status:
            self.periods.append((self.status, self.since, moment, self.schedule))
        self.reopens += self.status == "solved" and status in UNSOLVED
        if status in RESOLVED:
            self.resolved.append((status, moment, self.schedule))
        self.status, self.since = status, moment


def ticket_metric(ticket: Json, events: Iterable[Json]) -> Json:
    """`events`: all events of the ticket, in order."""
    life = _lived(ticket, events)
    resolution = next((one for one in reversed(life.resolved) if one[0] == "solved"), None)
    resolution = resolution or next(reversed(life.resolved), None)
    is_resolved = ticket["status"] in RESOLVED and resolution is not None
    metric_id = FIRST_METRIC + ticket["id"]
    seconds = life.replies[0][0] - life.created if life.replies else None
    return {
        "id": metric_id,
        "url": f"{HOST}/api/v2/ticket_metrics/{metric_id}.json",
        "ticket_id": ticket["id"],
        "created_at": ticket["created_at"],
        "updated_at": ticket["updated_at"],
        "group_stations": len(life.groups),
        "assignee_stations": len(life.assignees),
        "reopens": life.reopens,
        "replies": len(life.replies),
        "assignee_updated_at": ticket["updated_at"],
        "requester_updated_at": ticket["created_at"],
        "status_updated_at": iso(life.since),
        "initially_assigned_at": iso(life.assignees[0][1]) if life.assignees else None,
        "assigned_at": iso(life.assignees[-1][1]) if life.assignees else None,
        "solved_at": iso(resolution[1]) if is_resolved and resolution else None,
        "latest_comment_added_at": ticket["updated_at"],
        "custom_status_updated_at": iso(life.since),
        "reply_time_in_minutes": _until(life, life.replies[0] if life.replies else None),
        "reply_time_in_seconds": {"calendar": seconds, "business": None},
        "first_resolution_time_in_minutes": _until(life, life.resolved[0][1:] if life.resolved else None),
        "full_resolution_time_in_minutes": _until(
            life, resolution[1:] if is_resolved and resolution else None
        ),
        "agent_wait_time_in_minutes": _in(life, {"pending"}),
        "requester_wait_time_in_minutes": _in(life, {"new", "open", "hold"}),
        "on_hold_time_in_minutes": _in(life, {"hold"}, otherwise={"calendar": 0, "business": 0}),
    }


def _lived(ticket: Json, events: Iterable[Json]) -> _Life:
    life = _Life(int(datetime.fromisoformat(ticket["created_at"]).timestamp()))
    is_first = True
    for event in events:
        moment = event["timestamp"]
        for child in sorted(event["child_events"], key=lambda child: "new_schedule_id" not in child):
            if "new_schedule_id" in child:
                life.schedule = int(child["new_schedule_id"]) - number_of("schedule", 0)
            elif "status" in child:
                life.set_status(child["status"], moment)
            elif child.get("group_id"):
                life.groups.append(child["group_id"])
            elif child.get("assignee_id"):
                life.assignees.append((child["assignee_id"], moment))
            elif child["event_type"] == "Comment":
                if child["public"] and not is_first and is_reply(ticket["requester_id"], child["author_id"]):
                    life.replies.append((moment, life.schedule))
                is_first = False
    return life


def is_reply(requester: int, author: int) -> bool:
    """Whether a public comment of that author answers the requester."""
    return is_agent(author - FIRST_USER) and author != requester


def _until(life: _Life, end: tuple[int, int] | None) -> Json:
    """From the ticket's creation; `end`: time and schedule."""
    if end is None:
        return NOTHING
    moment, schedule = end
    business = business_seconds(schedule, life.created, moment)
    return {"calendar": (moment - life.created) // 60, "business": business // 60}


def _in(life: _Life, statuses: set[str], otherwise: Json = NOTHING) -> Json:
    """Of the periods that ended."""
    periods = [one for one in life.periods if one[0] in statuses]
    if not periods:
        return otherwise
    business = sum(business_seconds(schedule, start, end) for _, start, end, schedule in periods)
    return {"calendar": sum(end - start for _, start, end, _ in periods) // 60, "business": business // 60}
