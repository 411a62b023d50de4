"""The account's SLA policies: which one applies to a ticket, and its targets."""

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
    "total_resolution_time": 5760,
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


@dataclasses.dataclass(frozen=True)
class Target:
    """`policy`: its number."""

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
            {
                "priority": priority,
                "metric": metric,
                "target": (found := _target(number, metric, priority)).minutes,
                "target_in_seconds": found.minutes * 60,
                "business_hours": found.in_business_hours,
            }
            for metric in _measured(number)
            for priority in TIMES
        ],
        "metric_settings": None,
    }


def target(ticket: Json, metric: str) -> Target | None:
    """Of the first policy whose condition the ticket meets. A ticket without a priority has no target."""
    number = next((n for n, condition in enumerate(CONDITIONS) if _is_met(ticket, *condition)), None)
    priority = ticket.get("priority")
    if number is None or priority is None or metric not in _measured(number):
        return None
    return _target(number, metric, priority)


def _is_met(ticket: Json, field: str, operator: str, value: object) -> bool:
    found = ticket.get(PROPERTIES.get(field, field))
    return value in (found or ()) if operator == "includes" else found == value


def _measured(number: int) -> list[str]:
    """Each policy leaves one metric out."""
    return [metric for place, metric in enumerate(METRICS) if place != number % len(METRICS)]


def _target(number: int, metric: str, priority: str) -> Target:
    return Target(number, METRICS[metric] * TIMES[priority] * (number + 1) // 2, number % 2 == 0)
