"""What the tap exports only if it is named: skills, queues, workspaces, calls, articles and the like.

One builder a model. An object's number in the store is not always what Zendesk calls it by: some keys are texts.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any

from sandbox.zendesk import words
from sandbox.zendesk.clock import BEGINNING, DAY, START, iso
from sandbox.zendesk.models import BY_MODEL
from sandbox.zendesk.people import FIRST_ORGANIZATION, FIRST_USER, HOST
from sandbox.zendesk.rules import CONDITIONS, macro
from sandbox.zendesk.store import Stored
from sandbox.zendesk.tickets import FIRST_GROUP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.zendesk.store import Json

FIRST = FIRST_ORGANIZATION + 20_000_000
FIRST_STATUS = FIRST_ORGANIZATION + 300_001
FIRST_FORM = FIRST_ORGANIZATION + 400_001
FIRST_BRAND = FIRST_ORGANIZATION + 500_001
STATUSES = ("new", "open", "pending", "hold", "solved")
LOCALES = ("en-US", "es", "fr", "he", "zh-CN", "ar", "pt-BR", "ru")


def _text_id(rng: Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def organization_subscription(_rng: Random, number: int, users: int) -> Json:
    return {
        "user_id": FIRST_USER + number % users,
        "organization_id": FIRST_ORGANIZATION + number % max(1, users // 10),
    }


def brand_agent(rng: Random, number: int, users: int) -> Json:
    return {
        "id": _text_id(rng),
        "user_id": FIRST_USER + number // 3 * 10 % users,
        "brand_id": FIRST_BRAND + number % 3,
    }


def trigger_category(_rng: Random, number: int, _users: int) -> Json:
    return {"id": str(1 + number), "name": ("Routing", "Notices", "Care")[number % 3], "position": number}


def group_sla_policy(rng: Random, number: int, _users: int) -> Json:
    policy_metric: Json = {
        "priority": "high",
        "metric": "group_ownership_time",
        "target": 60,
        "target_in_seconds": 3600,
        "business_hours": bool(number % 2),
    }
    groups: Json = {"field": "group_id", "operator": "includes", "value": [FIRST_GROUP, FIRST_GROUP + 1]}
    return {
        "id": _text_id(rng),
        "title": f"Group policy {number}",
        "description": None,
        "position": number,
        "filter": {"all": [groups]},
        "policy_metrics": [policy_metric],
    }


def schedule(_rng: Random, number: int, _users: int) -> Json:
    """Intervals are in minutes from the beginning of Sunday."""
    return {
        "name": ("Weekdays", "Every day")[number % 2],
        "time_zone": "Eastern Time (US & Canada)",
        "intervals": [
            {"start_time": day * 1440 + 540, "end_time": day * 1440 + 1020}
            for day in (range(1, 6) if number % 2 == 0 else range(7))
        ],
    }


def satisfaction_reason(_rng: Random, number: int, _users: int) -> Json:
    text = ("Other", "It took too long", "It was not resolved")[number % 3]
    return {
        "reason_code": 1000 + number,
        "value": text,
        "raw_value": f"{{{{zd.reason_{number}}}}}",
        "deleted_at": iso(START - DAY) if number == 2 else None,
    }


def survey_response(rng: Random, number: int, users: int) -> Json:
    answers: list[Json] = [
        {
            "type": "rating_scale",
            "rating": rng.randrange(1, 6),
            "rating_category": "good",
            "question": {"id": "1"},
        }
    ]
    if number % 2:
        answers.append({"type": "open_ended", "value": words.text(rng, 40), "question": {"id": "2"}})
    return {
        "id": _text_id(rng),
        "responder_id": FIRST_USER + number % users,
        "subjects": [{"id": str(number + 1), "type": "ticket", "zrn": f"zen:ticket:{number + 1}"}],
        "survey": {"id": "care", "version": 1, "state": "enabled"},
        "answers": answers,
        "expires_at": iso(START + 30 * DAY),
    }


def tag(rng: Random, number: int, _users: int) -> Json:
    known = number < len(words.TAGS)
    return {"name": words.TAGS[number] if known else f"program_{number}", "count": rng.randrange(1, 900)}


def custom_status(_rng: Random, number: int, _users: int) -> Json:
    category = STATUSES[number % 5]
    label = category.title()
    return {
        "id": FIRST_STATUS + number,
        "status_category": category,
        "agent_label": label,
        "raw_agent_label": label,
        "end_user_label": label,
        "raw_end_user_label": label,
        "description": "",
        "raw_description": "",
        "end_user_description": "",
        "raw_end_user_description": "",
        "active": True,
        "default": True,
    }


def ticket_form_status(rng: Random, number: int, _users: int) -> Json:
    return {
        "id": _text_id(rng),
        "ticket_form_id": FIRST_FORM + number // 5,
        "custom_status_id": FIRST_STATUS + number % 5,
    }


def locale(_rng: Random, number: int, _users: int) -> Json:
    name = f"Language {LOCALES[number]}"
    return {
        "id": 1 + number,
        "locale": LOCALES[number],
        "name": name,
        "native_name": name,
        "presentation_name": name,
        "rtl": LOCALES[number] in ("he", "ar"),
        "default": number == 0,
    }


def workspace(rng: Random, number: int, _users: int) -> Json:
    """Zendesk embeds the macros whole."""
    macros: list[Json] = [{"id": FIRST + n, **macro(rng, n)} for n in range(2)]
    return {
        "title": f"Workspace {number}",
        "description": words.text(rng, 30),
        "activated": number != 3,
        "position": number,
        "ticket_form_id": FIRST_FORM,
        "prefer_workspace_app_order": False,
        "apps": [{"id": 7, "expand": True, "position": 1}] if number % 2 else [],
        "conditions": CONDITIONS,
        "macro_ids": [one["id"] for one in macros],
        "macros": [one["id"] for one in macros],
        "selected_macros": macros,
    }


def routing_attribute(rng: Random, number: int, _users: int) -> Json:
    return {"id": _text_id(rng), "name": ("Language", "Region", "Program")[number % 3]}


def routing_queue(rng: Random, number: int, _users: int) -> Json:
    groups = [{"id": FIRST_GROUP + n, "name": f"Hub {n}"} for n in range(number % 3)]
    return {
        "id": _text_id(rng),
        "name": f"Queue {number}",
        "description": words.text(rng, 30),
        "definition": CONDITIONS,
        "priority": number,
        "order": number,
        "primary_groups": {"count": len(groups), "groups": groups},
        "secondary_groups": {"count": 0, "groups": []},
    }


def custom_object(_rng: Random, number: int, _users: int) -> Json:
    title = ("Clinic visit", "Vehicle", "Care plan")[number % 3]
    return {
        "key": title.lower().replace(" ", "_"),
        "title": title,
        "raw_title": title,
        "title_pluralized": f"{title}s",
        "raw_title_pluralized": f"{title}s",
        "description": "",
        "raw_description": "",
        "include_in_list_view": True,
        "allows_photos": False,
        "created_by_user_id": str(FIRST_USER),
        "updated_by_user_id": str(FIRST_USER),
    }


def job_status(rng: Random, number: int, _users: int) -> Json:
    """`results` is a list of what was done, one object, or nothing while the job works."""
    results: object = [{"id": number, "index": 0, "action": "update", "success": True, "status": "Updated"}]
    if number % 3 == 1:
        results = {"success": True}
    return {
        "id": _text_id(rng).replace("-", ""),
        "job_type": "bulk update",
        "status": "working" if number % 3 == 2 else "completed",
        "message": None if number % 3 == 2 else f"Completed at {iso(START - DAY)}",
        "progress": 1,
        "total": 1,
        "results": None if number % 3 == 2 else results,
    }


def target_failure(_rng: Random, number: int, _users: int) -> Json:
    return {
        "target_name": f"Target {number}",
        "status_code": 500,
        "consecutive_failure_count": 1 + number,
        "raw_request": "POST /zendesk HTTP/1.1\r\nHost: hooks.cityblock.example\r\n\r\n{}",
        "raw_response": "HTTP/1.1 500 Internal Server Error\r\n\r\n",
    }


def resource_collection(_rng: Random, number: int, _users: int) -> Json:
    resource: Json = {
        "identifier": "care_trigger",
        "resource_id": FIRST + number,
        "type": "triggers",
        "deleted": False,
    }
    return {"resources": [resource]}


def email_notification(rng: Random, number: int, users: int) -> Json:
    user = number * 7 % users
    status: Json = {"id": 4, "code": "250", "name": "Delivered", "message": "Delivered"}
    recipient: Json = {
        "user_id": FIRST_USER + user,
        "email_address": f"user{user}@mail.example",
        "delivery_status": status,
    }
    return {
        "notification_id": FIRST + 5_000_000 + number,
        "comment_id": FIRST + 6_000_000 + number,
        "email_id": f"01HQ{rng.randrange(10**12):012d}",
        "message_id": f"<{number}@zendesk.example>",
        "ticket_id": number + 1,
        "recipients": [recipient],
    }


def deletion_schedule(_rng: Random, number: int, _users: int) -> Json:
    return {
        "title": ("Closed tickets after seven years", "Spam")[number % 2],
        "description": "",
        "active": number == 0,
        "default": number == 0,
        "conditions": CONDITIONS,
    }


def ticket_metric_event(rng: Random, number: int, _users: int) -> Json:
    """Every fourth is a breach of a policy, every twelfth was deleted."""
    kinds = ("activate", "apply_sla", "breach", "update_status")
    kind = kinds[number % 4]
    content: Json = {
        "ticket_id": number // 4 + 1,
        "metric": rng.choice(("reply_time", "requester_wait_time", "agent_work_time")),
        "instance_id": 1,
        "type": kind,
        "deleted": number % 12 == 11,
    }
    if kind == "apply_sla":
        policy: Json = {"id": FIRST_ORGANIZATION, "title": "Policy 1", "description": None}
        content["sla"] = {"target": 30, "target_in_seconds": 1800, "business_hours": False, "policy": policy}
    if kind == "update_status":
        content["status"] = {"calendar": rng.randrange(999), "business": rng.randrange(99)}
    return content


def article(rng: Random, number: int, _users: int) -> Json:
    title = rng.choice(words.SUBJECTS)
    return {
        "html_url": f"{HOST}/hc/en-us/articles/{number}",
        "title": title,
        "name": title,
        "body": f"<p>{words.text(rng, 200)}</p>",
        "locale": "en-us",
        "source_locale": "en-us",
        "author_id": FIRST_USER,
        "section_id": FIRST + 7_000_000 + number % 4,
        "user_segment_id": None,
        "user_segment_ids": [],
        "permission_group_id": 1,
        "content_tag_ids": [],
        "label_names": rng.sample(words.TAGS, 2),
        "comments_disabled": True,
        "draft": number % 9 == 0,
        "outdated": False,
        "outdated_locales": [],
        "promoted": False,
        "position": 0,
        "vote_sum": number,
        "vote_count": number,
        "edited_at": iso(BEGINNING),
    }


def call(rng: Random, number: int, users: int) -> Json:
    talk = rng.randrange(20, 900)
    return {
        "agent_id": FIRST_USER + number * 10 % users,
        "customer_id": FIRST_USER + number % users,
        "ticket_id": number + 1 if number % 2 else None,
        "direction": ("inbound", "outbound")[number % 2],
        "completion_status": rng.choice(("completed", "abandoned_in_queue")),
        "phone_number": "+15550100",
        "phone_number_id": FIRST + 8_000_000,
        "line": "+15550100",
        "line_id": FIRST + 8_000_000,
        "line_type": "phone",
        "duration": talk + 30,
        "talk_time": talk,
        "wait_time": rng.randrange(60),
        "hold_time": 0,
        "wrap_up_time": rng.randrange(30),
        "consultation_time": 0,
        "time_to_answer": None if number % 3 else rng.randrange(60),
        "minutes_billed": talk // 60 + 1,
        "call_charge": "0.008",
        "voicemail": False,
        "callback": False,
        "overflowed": False,
        "overflowed_to": None,
        "outside_business_hours": False,
        "exceeded_queue_wait_time": number % 7 == 3,
        "quality_issues": ["none"],
        "recording_time": talk,
        "not_recording_time": 0,
        "recording_control_interactions": 0,
        "customer_requested_voicemail": False,
        "default_group": False,
        "call_channel": "phone",
        "call_group_id": FIRST_GROUP if number % 2 == 0 else None,
        "call_recording_consent": "always",
        "callback_source": "queue" if number % 10 == 4 else None,
        "copilot_suggestions_generated_successful": number % 3 if number % 8 == 0 else None,
        "copilot_suggestions_generated_total": 3 if number % 8 == 0 else None,
        "transcription_language": "en" if number % 8 == 0 else None,
        **dict.fromkeys(RARE_OF_CALLS),
    }


def call_leg(rng: Random, number: int, users: int) -> Json:
    return {
        "call_id": _number_of("call", number // 2),
        "type": ("customer", "agent")[number % 2],
        "agent_id": FIRST_USER + number * 10 % users if number % 2 else 0,
        "user_id": FIRST_USER + number % users,
        "duration": rng.randrange(900),
        "talk_time": rng.randrange(900),
        "hold_time": 0,
        "completion_status": "completed",
        "available_via": "browser" if number % 2 else None,
        "forwarded_to": None,
        "transferred_from": None,
        "transferred_to": None,
        "call_charge": "0.004",
        "minutes_billed": 1,
        "quality_issues": [],
        "wrap_up_time": rng.randrange(30) if number % 2 else None,
        **dict.fromkeys(RARE_OF_CALL_LEGS),
    }


def schedule_holiday(_rng: Random, number: int, _users: int) -> Json:
    day = datetime.fromtimestamp(BEGINNING + number * 91 * DAY, UTC).date().isoformat()
    return {"name": f"Holiday {number}", "start_date": day, "end_date": day}


def custom_object_record(rng: Random, number: int, _users: int) -> Json:
    """Every seventh is deleted."""
    content: Json = {
        "id": f"01J{rng.randrange(10**20):020d}ABC",
        "custom_object_key": KEYS[number % len(KEYS)],
        "name": f"Record {number}",
        "external_id": None if number % 2 else f"ext-{number}",
        "custom_object_fields": {"note": words.text(rng, 30), "count": number, "visited": bool(number % 2)},
        "created_by_user_id": str(FIRST_USER),
        "updated_by_user_id": str(FIRST_USER),
    }
    if number % 7 == 6:
        content.update(
            name="[DELETED]", custom_object_fields=dict.fromkeys(content["custom_object_fields"], "[DELETED]")
        )
    return content


def audit_log(rng: Random, number: int, users: int) -> Json:
    source = number * 3 % users
    return {
        "actor_id": FIRST_USER,
        "actor_name": words.name(rng),
        "source_id": FIRST_USER + source,
        "source_type": "user",
        "source_label": words.name(rng),
        "action": rng.choice(("create", "update", "login")),
        "action_label": "Updated",
        "change_description": "Role changed from Administrator to End User",
        "ip_address": f"192.0.2.{number % 256}",
    }


def satisfaction_rating(rng: Random, number: int, users: int) -> Json:
    score = ("good", "bad", "offered")[number % 3]
    return {
        "assignee_id": FIRST_USER + number * 10 % users,
        "group_id": FIRST_GROUP,
        "requester_id": FIRST_USER + number % users,
        "ticket_id": number + 1,
        "score": score,
        "comment": words.text(rng, 30) if score != "offered" else None,
        "reason": "It took too long" if score == "bad" else None,
        "reason_id": 1000 if score == "bad" else None,
    }


def access_log(rng: Random, number: int, users: int) -> Json:
    content: Json = {
        "id": f"01H{rng.randrange(10**20):020d}XYZ",
        "user_id": FIRST_USER + number * 10 % users,
        "url": f"/api/v2/tickets/{number}" if number % 4 else "/graphql",
        "method": "GET" if number % 4 else "POST",
        "status": 200,
        "ip_address": f"198.51.100.{number % 256}",
        "client": "Mozilla/5.0",
        "authorization_type": "session",
        "referer": f"/agent/tickets/{number}",
        "bytes_sent": rng.randrange(10_000),
        "category": "Ticket",
        "summary": "View ticket",
        "origin_service": "classic",
    }
    if number % 4 == 0:
        content["graphql"] = {"operation_name": "ticket", "operation_type": "QUERY", "variables": "{}"}
    return content


def side_conversation_event(rng: Random, number: int, _users: int) -> Json:
    person: Json = {"user_id": FIRST_USER, "name": words.name(rng), "email": "agent@cityblock.example"}
    kind = ("create", "reply", "update")[number % 3]
    content: Json = {
        "id": _text_id(rng),
        "side_conversation_id": _text_id(Random(f"side conversation {number // 3}")),
        "ticket_id": number // 3 + 1,
        "type": kind,
        "via": "support",
        "actor": person,
    }
    if kind == "update":
        return {**content, "message": None, "updates": {"state": "closed"}}
    text = words.text(rng, 60)
    message: Json = {
        "subject": "A question",
        "body": text,
        "preview_text": text[:20],
        "from": person,
        "to": [person],
    }
    return {**content, "message": message, "updates": {}}


def routing_attribute_event(_rng: Random, number: int, _users: int) -> Json:
    """How the attributes there are came to be, and how others went."""
    attribute = routing_attribute(Random(f"routing_attribute 1 {number}"), number, 1)
    return {**attribute, "type": "create" if number < BUILDERS["routing_attribute"][1] else "delete"}


def chat(rng: Random, number: int, users: int) -> Json:
    visitor: Json = {
        "id": f"2.{number}",
        "name": words.name(rng),
        "email": f"user{number % users}@mail.example",
    }
    return {
        "id": f"1712.{_number_of('chat', number)}",
        "type": "chat",
        "zendesk_ticket_id": number + 1,
        "visitor": visitor,
        "agent_ids": ["1"],
        "agent_names": [words.name(rng)],
        "department_id": None,
        "department_name": None,
        "started_by": "visitor",
        "missed": False,
        "deleted": number % 9 == 4,
        "dropped": False,
        "proactive": number % 5 == 0,
        "abandon_time": None,
        "skills_requested": [],
        "skills_fulfilled": False,
        "triggered": False,
        "unread": False,
        "rating": rng.choice(("good", None)),
        "comment": None,
        "duration": rng.randrange(900),
        "tags": rng.sample(words.TAGS, 1),
        "count": {"visitor": 2, "agent": 2, "total": 4},
        "response_time": {"first": 5, "avg": 7.5, "max": 10},
        "session": {"browser": "Firefox", "ip": f"203.0.113.{number % 256}"},
        "history": [{"type": "chat.msg", "name": visitor["name"], "msg": words.text(rng, 30)}],
        "webpath": [],
        "conversions": [],
        "engagements": [],
    }


RARE_OF_CALLS = (
    "call_recording_consent_action", "call_recording_consent_keypress", "ivr_action", "ivr_destination_group_name",
    "ivr_hops", "ivr_routed_to", "ivr_time_spent", "post_call_summary", "post_call_summary_created",
    "post_call_transcription", "post_call_transcription_created", "real_time_transcription",
)  # fmt: skip
RARE_OF_CALL_LEGS = (
    "conference_from", "conference_time", "conference_to", "consultation_from", "consultation_time", "consultation_to",
)  # fmt: skip
"""Null in most calls of those who have recorded some."""

KEYS = ("clinic_visit", "vehicle", "care_plan")
"""Of the custom objects."""

BUILDERS: dict[str, tuple[Callable[[Random, int, int], Json], int]] = {
    "organization_subscription": (organization_subscription, 40),
    "brand_agent": (brand_agent, 120),
    "trigger_category": (trigger_category, 3),
    "group_sla_policy": (group_sla_policy, 3),
    "schedule": (schedule, 2),
    "satisfaction_reason": (satisfaction_reason, 3),
    "survey_response": (survey_response, 60),
    "tag": (tag, 130),
    "custom_status": (custom_status, 5),
    "ticket_form_status": (ticket_form_status, 20),
    "locale": (locale, len(LOCALES)),
    "workspace": (workspace, 4),
    "routing_attribute": (routing_attribute, 3),
    "routing_queue": (routing_queue, 4),
    "custom_object": (custom_object, 3),
    "job_status": (job_status, 9),
    "target_failure": (target_failure, 5),
    "resource_collection": (resource_collection, 2),
    "email_notification": (email_notification, 110),
    "deletion_schedule": (deletion_schedule, 2),
    "ticket_metric_event": (ticket_metric_event, 400),
    "article": (article, 30),
    "call": (call, 120),
    "call_leg": (call_leg, 240),
    "schedule_holiday": (schedule_holiday, 9),
    "custom_object_record": (custom_object_record, 70),
    "audit_log": (audit_log, 150),
    "satisfaction_rating": (satisfaction_rating, 130),
    "access_log": (access_log, 60),
    "side_conversation_event": (side_conversation_event, 45),
    "routing_attribute_event": (routing_attribute_event, 3),
    "chat": (chat, 25),
}
"""Model → its builder, and how many a new account has."""

OF_A_MOMENT = {"ticket_metric_event", "access_log", "routing_attribute_event", "chat"}
TIMELESS = {"tag", "ticket_form_status", "job_status", "schedule_holiday", *OF_A_MOMENT}
"""These have neither `created_at` nor `updated_at`; those of a moment have one clock under another name."""
WITHOUT_URL = ("call", "chat", "tag", "ticket_", "schedule", "routing_attribute_event", "access_log")

PARENTS: dict[str, Callable[[int], object]] = {
    "schedule_holiday": lambda number: _number_of("schedule", number % 2),
    "custom_object_record": lambda number: KEYS[number % len(KEYS)],
}
"""Model → the key of the parent that its object with this number is below."""

EXPORTED = [model for model in BUILDERS if BY_MODEL[model].is_exported or BY_MODEL[model].window]


def further(seed: int, users: int) -> Iterator[Stored]:
    """All of them, in a new account."""
    for model, (_, count) in BUILDERS.items():
        for number in range(count):
            yield built(model, seed, number, users)


def built(model: str, seed: int, number: int, users: int, moment: int | None = None) -> Stored:
    """The object of `model` with this number, from 0; made at `moment`, or some day before."""
    endpoint, rng = BY_MODEL[model], Random(f"{model} {seed} {number}")
    created = moment or BEGINNING + rng.randrange(START - BEGINNING - 2 * DAY)
    changed = moment or created + rng.randrange(DAY)
    made: Json = {}
    if endpoint.key == "id":
        made["id"] = _number_of(model, number)
    if model not in TIMELESS:
        made["created_at"] = iso(created)
        if endpoint.clock != "created_at":
            made["updated_at"] = iso(changed)
    if model in OF_A_MOMENT:
        made[endpoint.clock] = iso(changed)
    made |= BUILDERS[model][0](rng, number, users)
    if not model.startswith(WITHOUT_URL):
        made["url"] = f"{HOST}{endpoint.path}/{made[endpoint.key]}.json"
    at: Any = made.get(endpoint.clock)
    return Stored.of(
        endpoint.within(PARENTS[model](number)) if model in PARENTS else model,
        made,
        START if at is None else int(datetime.fromisoformat(at).timestamp()),
        number=_number_of(model, number),
    )


def _number_of(model: str, number: int) -> int:
    return FIRST + 10_000 * list(BUILDERS).index(model) + number
