"""The account's SLA policies and group SLA policies: which one applies to a ticket, and its targets."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from sandbox.zendesk import words
from sandbox.zendesk.people import FIRST_ORGANIZATION
from sandbox.zendesk.tickets import FIRST_GROUP

if TYPE_CHECKING:
    from sandbox.zendesk.store import Json

METRICS = {
    "first_reply_time": 360, "next_reply_time": 480, "agent_work_time": 1440, "requester_wait_time": 2880,
    "total_resolution_time": 5760, "pausable_update_time": 720, "periodic_update_time": 960,
}  # fmt: skip
"""Minutes of an urgent ticket; `TIMES` as many of others."""
TIMES = {"urgent": 1, "high": 2, "normal": 4, "low": 8}
CONDITIONS: tuple[tuple[str, str, object], ...] = (
    ("current_tags", "includes", words.TAGS[0]),
    ("type", "is", "incident"),
    ("type", "is", "problem"),
    ("group_id", "is", FIRST_GROUP),
    ("organization_id", "is", FIRST_ORGANIZATION + 1),
    ("type", "is", "question"),
    ("current_tags", "includes", words.TAGS[1]),
    ("type", "is", "task"),
)
"""Field, operator and value of each policy, in the order in which Zendesk tries them."""
PROPERTIES = {"current_tags": "tags"}
"""Fields of conditions whose name in the ticket is another one."""

OWNERSHIP = "group_ownership_time"
OWNED_MINUTES = 1200
GROUPS: tuple[tuple[int, ...], ...] = (
    (FIRST_GROUP, FIRST_GROUP + 1, FIRST_GROUP + 2, FIRST_GROUP + 3),
    (FIRST_GROUP + 4, FIRST_GROUP + 5),
    (),
)
"""Of each group SLA policy, in their order; the last one is for all other groups."""


@dataclasses.dataclass(frozen=True)
class Target:
    """`policy`: its number among the SLA policies, or the group SLA policies."""

    policy: int
    minutes: int
    in_business_hours: bool


def sla_policy(number: int) -> Json:
    """The policy as the API has it, without its id."""
    field, operator, value = CONDITIONS[number]
    return {
        "title": f"Promise {number}",
        "description": f"Tickets whose {field} {operator} {value}",
        "position": number + 1,
        "filter": {"all": [{"field": field, "operator": operator, "value": value}], "any": []},
        "policy_metrics": [
            _policy_metric(metric, priority, _target(number, metric, priority))
            for metric in _measured(number)
            for priority in TIMES
        ],
        "metric_settings": None,
    }


def group_sla_policy(number: int) -> Json:
    """The policy as the API has it."""
    groups = GROUPS[number]
    conditions = [{"field": "group_id", "operator": "includes", "value": [*groups]}] if groups else []
    return {
        "id": f"01H078CBDY28BZG7P6BNY0{number:04}",
        "title": f"Handover {number}",
        "description": f"Tickets of {len(groups) or 'all other'} groups",
        "position": number + 1,
        "filter": {"all": conditions},
        "policy_metrics": [
            _policy_metric(OWNERSHIP, priority, _group_target(number, priority))
            for priority in _owned(number)
        ],
    }


def target(ticket: Json, metric: str) -> Target | None:
    """Of the first policy whose condition the ticket meets. A ticket without a priority has no target."""
    number = next((n for n, condition in enumerate(CONDITIONS) if _is_met(ticket, *condition)), None)
    priority = ticket.get("priority")
    if number is None or priority is None or metric not in _measured(number):
        return None
    return _target(number, metric, priority)


def group_target(ticket: Json) -> Target | None:
    """Of the first group SLA policy that has the ticket's group, or any."""
    number = next(n for n, groups in enumerate(GROUPS) if not groups or ticket.get("group_id") in groups)
    priority = ticket.get("priority")
    return _group_target(number, priority) if priority in _owned(number) else None


def _is_met(ticket: Json, field: str, operator: str, value: object) -> bool:
    found = ticket.get(PROPERTIES.get(field, field))
    return value in (found or ()) if operator == "includes" else found == value


def _measured(number: int) -> list[str]:
    """Each policy leaves one metric out."""
    return [metric for place, metric in enumerate(METRICS) if place != number % len(METRICS)]


def _owned(number: int) -> list[str]:
    """The priorities for which a group SLA policy has a target: the second one has none for tickets of low priority."""
    return [priority for priority in TIMES if number != 1 or priority != "low"]


def _target(number: int, metric: str, priority: str) -> Target:
    return Target(number, METRICS[metric] * TIMES[priority] * (number + 1) // 2, number % 2 == 0)


def _group_target(number: int, priority: str) -> Target:
    return Target(number, OWNED_MINUTES * TIMES[priority] * (number + 1), number % 2 == 0)


def _policy_metric(metric: str, priority: str, found: Target) -> Json:
    return {
        "priority": priority,
        "metric": metric,
        "target": found.minutes,
        "target_in_seconds": found.minutes * 60,
        "business_hours": found.in_business_hours,
    }
