"""Tickets whose metrics are tricky: hours that change, a night shift, hours and days that clocks skip or repeat, agents who
left, bots, merges, deletions, targets that change. All of it is made up here.
"""

from __future__ import annotations

from typing import Any

A, B = "2026-11-23T23:59:59.999999+00:00", "2026-11-24T00:00:00+00:00"
"""The exports of tricky_rows.py."""
AGENT, FORMER_AGENT, UNKNOWN_AGENT, MEMBER, BOT, INTEGRATION, LATER_AGENT = 101, 102, 103, 104, -1, 105, 106


def row(export: str = "b", **fields: Any) -> dict[str, Any]:
    return {"_export_id": export, "_exported_at": A if export == "a" else B, **fields}


def at(month: int, day: int, hour: int = 12, minute: int = 0, second: int = 0) -> str:
    return f"2026-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"


def schedule(
    export: str, number: int, zone: str, changed: str, *intervals: tuple[int, int]
) -> dict[str, Any]:
    hours = [{"start_time": start, "end_time": end} for start, end in intervals]
    return row(
        export, id=number, time_zone=zone, created_at=at(1, number), updated_at=changed, intervals=hours
    )


NEW_YORK, AZORES = "Eastern Time (US & Canada)", "Azores"
SCHEDULES = [
    schedule("a", 11, NEW_YORK, at(1, 1), (1980, 2460), (3420, 3900)),
    schedule(
        "b", 11, NEW_YORK, at(1, 1), (1980, 2460), (3420, 3900), (90, 150)
    ),  # hours that come twice, or never
    schedule("a", 12, AZORES, at(1, 1), (0, 10080)),
    schedule("b", 12, AZORES, "2026-11-24T00:00:00Z", (9000, 300)),  # over the end of the week
    schedule("b", 13, "Nowhere", at(1, 1), (0, 10080)),
    schedule("b", 14, "UTC", at(1, 1)),
    schedule("b", 15, "UTC", at(1, 1), (9000, 300)),  # over the end of the week
    schedule(
        "b", 16, NEW_YORK, at(1, 1), (90, 150), (540, 600)
    ),  # the first begin in the hour that comes twice
    schedule("b", 17, "Sydney", at(1, 1), (150, 240)),  # on 4 October in the hour that is skipped
    schedule("b", 18, NEW_YORK, at(1, 1), (0, 10080)),
]
HOLIDAYS = [
    row(id=11, schedule_id=11, start_date="2026-11-02", end_date="2026-11-03"),
    row(id=12, schedule_id=11, start_date="2026-11-03", end_date="2026-11-04"),
    row(id=13, schedule_id=12, start_date="2026-11-01", end_date="2026-11-01"),
    row(id=14, schedule_id=12, start_date="2026-11-09", end_date="2026-11-08"),
]
USERS = [
    row(id=AGENT, updated_at=at(1, 1), role="agent", active=True),
    row("a", id=FORMER_AGENT, updated_at=at(1, 1), role="agent", active=True),
    row("b", id=FORMER_AGENT, updated_at=at(11, 5), role="end-user", active=False),
    row("a", id=LATER_AGENT, updated_at=at(1, 1), role="end-user", active=True),
    row("b", id=LATER_AGENT, updated_at=at(11, 5), role="agent", active=True),
    row(id=UNKNOWN_AGENT, updated_at=at(11, 20), role="end-user", active=False),
    row(id=MEMBER, updated_at=at(1, 1), role="end-user", active=True),
    row(id=INTEGRATION, updated_at=at(1, 1), role="agent", active=True),
]


def change(ticket: int, number: int, moment: str, field: str, value: object) -> dict[str, Any]:
    event = ticket * 100 + number
    key = f"{event}-{field}"
    text = None if value is None else str(value)
    return row(id=key, ticket_id=ticket, ticket_event_id=event, created_at=moment, field_name=field, value=text, updater_id=AGENT)  # fmt: skip


def comment(ticket: int, number: int, moment: str, author: int, **fields: Any) -> dict[str, Any]:
    event = ticket * 100 + number
    return row(id=event, ticket_id=ticket, ticket_event_id=event, created_at=moment, author_id=author, **{"public": True, **fields})  # fmt: skip


def metric(number: int, kind: str, moment: str, **fields: Any) -> dict[str, Any]:
    usual = {"ticket_id": 31, "metric": "reply_time", "instance_id": 1, "deleted": False}
    return row(id=number, type=kind, time=moment, **{**usual, **fields})


def other_metric(number: int, name: str, kind: str, moment: str, **fields: Any) -> dict[str, Any]:
    return metric(number, kind, moment, ticket_id=35, metric=name, **fields)


def target(policy: int, seconds: int | None) -> dict[str, Any]:
    return {"policy": {"id": policy}, "target_in_seconds": seconds, "target": 5, "business_hours": True}


PAUSABLE, WAIT, OWNERSHIP = "pausable_update_time", "requester_wait_time", "group_ownership_time"
GROUP_TARGET = {"policy": {"id": "01H078CBDY28BZG7P6BNY00001"}, "target": 5, "business_hours": False}
TICKETS = [
    row(id=31, generated_timestamp=9, status="solved", requester_id=MEMBER, created_at=at(10, 31, 3), group_id=5),
    row(id=32, generated_timestamp=9, status="closed", requester_id=MEMBER, created_at=at(11, 1, 4, 30)),
    row(id=33, generated_timestamp=9, status="deleted", requester_id=MEMBER, created_at=at(11, 1, 5, 30)),
    row(id=34, generated_timestamp=9, status="open", requester_id=AGENT, created_at=at(11, 2)),
    row(id=35, generated_timestamp=9, status="open", requester_id=MEMBER, created_at=at(11, 3), tags=["closed_by_merge"]),
    row(id=36, generated_timestamp=9, status="deleted", requester_id=MEMBER, created_at=at(11, 10)),
    row(id=37, generated_timestamp=9, status="open", requester_id=MEMBER, created_at=at(11, 10)),
    row(id=38, generated_timestamp=9, status="open", requester_id=MEMBER, created_at=at(11, 7, 4)),  # a Saturday
    row(id=39, generated_timestamp=9, status="open", requester_id=MEMBER, created_at=at(11, 1, 5)),
    row(id=40, generated_timestamp=9, status="open", requester_id=MEMBER, created_at=at(10, 3, 15)),
    row(id=41, generated_timestamp=9, status="open", requester_id=MEMBER, created_at=at(10, 31, 16)),
]  # fmt: skip
HISTORY = [
    change(31, 0, at(10, 31, 3), "status", "new"),
    change(31, 0, at(10, 31, 3), "group_id", 5),
    change(31, 1, at(11, 1, 5, 15), "status", "pending"),
    change(31, 1, at(11, 1, 5, 15), "assignee_id", UNKNOWN_AGENT),
    change(31, 2, at(11, 1, 6, 45), "status", "hold"),
    change(31, 3, at(11, 6), "status", "solved"),
    change(31, 3, at(11, 6), "group_id", None),
    change(31, 4, at(11, 7), "status", "open"),
    change(31, 4, at(11, 7), "new_schedule_id", 12),
    change(31, 5, at(11, 9, 4, 30), "status", "solved"),
    change(32, 0, at(11, 1, 4, 30), "status", "new"),
    change(32, 0, at(11, 1, 4, 30), "new_schedule_id", 13),
    change(32, 1, at(11, 2, 16), "new_schedule_id", None),
    change(32, 2, at(11, 2, 16), "status", "closed"),
    change(33, 0, at(11, 1, 5, 30), "status", "open"),
    change(33, 0, at(11, 1, 5, 30), "new_schedule_id", 14),
    change(33, 1, at(11, 3), "status", "deleted"),
    change(34, 0, at(11, 2), "status", "new"),
    change(34, 1, at(11, 2), "status", "open"),  # in the same second
    change(36, 0, at(11, 10), "status", "new"),
    change(36, 1, at(11, 11), "status", "solved"),
    change(36, 2, at(11, 12), "status", "deleted"),
    change(37, 0, at(11, 10), "status", "new"),
    change(37, 1, at(11, 11), "status", "deleted"),
    change(37, 1, at(11, 11), "new_schedule_id", 13),  # its zone is unknown
    change(37, 2, at(11, 12), "status", "open"),  # restored
    change(37, 3, at(11, 13), "status", "open"),  # again
    change(38, 0, at(11, 7, 4), "new_schedule_id", 15),
    change(39, 0, at(11, 1, 5), "new_schedule_id", 16),
    change(40, 0, at(10, 3, 15), "new_schedule_id", 17),
    change(41, 0, at(10, 31, 16), "new_schedule_id", 18),
]
COMMENTS = [
    comment(31, 0, at(10, 31, 3), MEMBER),
    comment(31, 1, at(11, 1, 5, 15), UNKNOWN_AGENT),
    comment(31, 2, at(11, 1, 6, 45), FORMER_AGENT, public=False),
    comment(31, 3, at(11, 6), FORMER_AGENT),  # no agent any more
    comment(31, 4, at(11, 7), BOT),
    comment(31, 7, at(11, 8), MEMBER),  # again
    comment(31, 5, at(11, 9, 4, 30), AGENT, via={"channel": "web", "source": {"rel": None}}),
    comment(31, 6, at(11, 10), AGENT),  # no one waited
    comment(32, 0, at(11, 1, 4, 30), MEMBER),
    comment(32, 2, at(11, 2, 16), AGENT),
    comment(33, 0, at(11, 1, 5, 30), FORMER_AGENT),
    comment(33, 1, at(11, 1, 6, 30), FORMER_AGENT),
    comment(34, 0, at(11, 2), AGENT),
    comment(34, 1, at(11, 2), AGENT),
    comment(34, 2, at(11, 2, 16), AGENT, via={"channel": "web", "source": {"rel": "merge"}}),
    comment(35, 0, at(11, 3), MEMBER),
    comment(35, 1, at(11, 3, 13), AGENT, via={"channel": "rule", "source": None}),
    comment(35, 2, at(11, 3, 14), INTEGRATION),
    comment(35, 3, at(11, 3, 15), AGENT, via={"channel": "answer_bot_for_slack", "source": None}),
    comment(35, 4, at(11, 3, 18), AGENT),
    comment(35, 5, at(11, 3, 19), BOT),
    comment(35, 6, at(11, 3, 20), AGENT),  # only the bot has said something
    comment(35, 7, at(11, 4), AGENT, via={"channel": "web", "source": {"rel": "merge"}}),
    comment(35, 8, at(11, 5), AGENT),  # that another ticket was merged into this one
    comment(38, 0, at(11, 7, 4), MEMBER),
    comment(38, 1, at(11, 8, 10), AGENT),
    comment(39, 0, at(11, 1, 5), MEMBER),
    comment(39, 1, at(11, 1, 14, 30), AGENT),
    comment(40, 0, at(10, 3, 15), MEMBER),
    comment(40, 2, at(10, 3, 17), LATER_AGENT),  # no agent yet
    comment(40, 1, at(10, 3, 18), AGENT),
    comment(41, 0, at(10, 31, 16), MEMBER),
    comment(41, 1, at(11, 1, 17), AGENT),  # a day of 25 hours
]
EVENTS = [
    row(id=3402, ticket_id=34, created_at=at(11, 2, 16), merged_ticket_ids=[32]),
    row(id=3403, ticket_id=34, created_at=at(11, 3), merged_ticket_ids=[]),
    row(id=3508, ticket_id=35, created_at=at(11, 5), merged_ticket_ids=[99]),
]
METRIC_EVENTS = [
    metric(1, "activate", at(10, 31, 3)),
    metric(2, "apply_sla", at(10, 31, 3), sla=target(7, 3600)),
    metric(3, "apply_sla", at(10, 31, 4), sla=target(8, None)),
    metric(4, "breach", at(10, 31, 5)),
    metric(5, "fulfill", at(11, 1, 5, 15)),
    metric(6, "update_status", at(11, 1, 5, 15), status={"calendar": 1575, "business": 60}),
    metric(7, "measure", at(10, 31, 3), instance_id=0),
    metric(8, "activate", at(11, 6), instance_id=2),
    metric(9, "apply_sla", at(11, 6), instance_id=2, sla=target(8, 3600)),
    metric(10, "breach", at(11, 6, 13), instance_id=2, deleted=True),
    metric(11, "fulfill", at(11, 9, 4, 30), instance_id=2),
    metric(12, "breach", at(11, 9, 5), instance_id=2),  # of a reply that had come
    other_metric(13, PAUSABLE, "activate", at(11, 3, 18)),
    other_metric(14, PAUSABLE, "apply_sla", at(11, 3, 18), sla=target(8, 3600)),
    other_metric(15, PAUSABLE, "pause", at(11, 3, 18)),  # at once
    other_metric(16, WAIT, "activate", at(11, 3)),
    other_metric(17, WAIT, "apply_sla", at(11, 3), sla=target(8, 3600)),
    other_metric(18, WAIT, "pause", at(11, 4)),
    other_metric(19, WAIT, "activate", at(11, 4)),  # in the same second
    other_metric(20, OWNERSHIP, "activate", at(11, 3)),
    other_metric(21, OWNERSHIP, "apply_group_sla", at(11, 3), group_sla=GROUP_TARGET),
    other_metric(22, OWNERSHIP, "breach", at(11, 3, 0, 5)),
    other_metric(23, OWNERSHIP, "update_status", at(11, 3, 0, 5), status={"calendar": 5, "business": 0}),
    other_metric(24, OWNERSHIP, "fulfill", at(11, 4)),
    other_metric(25, OWNERSHIP, "update_status", at(11, 4), status={"calendar": 1440, "business": 7}),
    other_metric(26, OWNERSHIP, "activate", at(11, 4), instance_id=2),
    other_metric(27, "agent_work_time", "activate", at(11, 3)),
    other_metric(28, "agent_work_time", "apply_sla", at(11, 3), sla=target(8, 3600)),
    other_metric(29, "agent_work_time", "apply_sla", at(11, 4), sla=None),  # no policy applies any longer
]
METRIC_SETS = [
    row(id=31, ticket_id=31, generated_timestamp=9, replies=2, reopens=1, reply_time_in_minutes={"calendar": 1575, "business": 60})
]  # fmt: skip
ROWS = {
    "schedule": SCHEDULES,
    "schedule_holiday": HOLIDAYS,
    "user": USERS,
    "ticket": TICKETS,
    "ticket_field_history": HISTORY,
    "ticket_comment": COMMENTS,
    "ticket_event": EVENTS,
    "ticket_metric_event": METRIC_EVENTS,
    "ticket_metric_set": METRIC_SETS,
}
