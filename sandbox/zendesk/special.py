"""What generated objects need besides their schema: ids that others refer to, deletions, what the tap leaves out."""

from __future__ import annotations

import zlib
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

from sandbox.zendesk import words
from sandbox.zendesk.business_hours import HOLIDAYS, SCHEDULES, holiday
from sandbox.zendesk.clock import BEGINNING, iso
from sandbox.zendesk.people import FIRST_ORGANIZATION, FIRST_ROLE, FIRST_USER
from sandbox.zendesk.sla_policies import CONDITIONS, GROUPS, group_sla_policy, sla_policy
from sandbox.zendesk.tickets import (
    CUSTOM_FIELDS,
    FIRST_BRAND,
    FIRST_FIELD,
    FIRST_FORM,
    FIRST_GROUP,
    FIRST_STATUS,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.zendesk.store import Json

DEFAULT_COUNT = 30
SIDE_CONVERSATIONS = 15
COUNTS = {
    "group": 12, "user_field": 8, "organization_field": 5, "macro": 130, "suspended_ticket": 25, "brand": 3,
    "sharing_agreement": 2, "activity": 120, "ticket_field": 19, "ticket_form": 4, "view": 110, "sla_policy": len(CONDITIONS),
    "support_address": 6, "dynamic_content": 15, "target": 4, "custom_agent_role": 6, "trigger": 140, "automation": 20,
    "brand_agent": 120, "trigger_category": 3, "group_sla_policy": len(GROUPS), "schedule": len(SCHEDULES), "survey_response": 60, "csat_survey": 2, "tag": 130,
    "custom_status": 5, "ticket_form_status": 20, "routing_attribute": 3, "custom_object": 3,
    "call": 120, "call_leg": 240, "schedule_holiday": HOLIDAYS, "custom_object_record": 70, "audit_log": 150,
    "satisfaction_rating": 130, "access_log": 60, "side_conversation": SIDE_CONVERSATIONS, "side_conversation_event": 45, "routing_attribute_event": 3,
}  # fmt: skip
"""Objects of a new account, where it is not DEFAULT_COUNT."""

SYSTEM_FIELDS = ("subject", "description", "status", "tickettype", "priority", "group", "assignee")
CUSTOM_OBJECTS = ("clinic_visit", "vehicle", "care_plan")
EMBEDDED_USER = {"id": FIRST_USER, "name": "Embedded user"}


def count(model: str, users: int) -> int:
    if model == "nps_recipient":
        return users // 3
    return users // 6 if model == "nps_response" else COUNTS.get(model, DEFAULT_COUNT)


def number_of(model: str, number: int) -> int:
    """The id of the model's object `number`; the store has it, too, for objects whose id is a text."""
    first = FIRST.get(
        model, FIRST_ORGANIZATION + 20_000_000 + 10_000 * (zlib.crc32(model.encode()) % 100_000)
    )
    return first + number


def parent_key(model: str, number: int) -> object:
    """The key of the parent whose path has the model's object `number`."""
    if model == "side_conversation":
        return 1 + number
    return number_of("schedule", number % 2) if model == "schedule_holiday" else CUSTOM_OBJECTS[number % 3]


FIRST = {
    "group": FIRST_GROUP,
    "brand": FIRST_BRAND,
    "ticket_form": FIRST_FORM,
    "custom_status": FIRST_STATUS,
    "custom_agent_role": FIRST_ROLE,
    "ticket_field": FIRST_FIELD - len(SYSTEM_FIELDS),
    "locale": 1,
}


def _ticket_field(number: int) -> Json:
    own = number - len(SYSTEM_FIELDS)
    title, kind = (
        CUSTOM_FIELDS[own][:2] if own >= 0 else (SYSTEM_FIELDS[number].title(), SYSTEM_FIELDS[number])
    )
    return {"type": kind, "title": title, "raw_title": title, "active": True, "removable": own >= 0}


def _side_conversation(number: int) -> Json:
    agent: Json = {"user_id": FIRST_USER, "name": "Agent", "email": "user0@cityblock.example"}
    clinic: Json = {"user_id": None, "name": None, "email": "front-desk@clinic.example"}
    about: Json = {"id": _uuid(number), "ticket_id": 1 + number, "state": ("open", "closed")[number % 2]}
    return {**about, "participants": [agent, clinic], "external_ids": {}}


def _csat_survey(number: int) -> Json:
    rating: Json = {"rating": 1, "label": _static("Very unsatisfied"), "follow_up": {"question_id": "Q2"}}
    reason: Json = {"id": "O1", "label": _static("It took too long"), "follow_up": None}
    questions: list[Json] = [
        {
            "id": "Q1",
            "type": "rating_scale_emoji",
            "sub_type": "customer_satisfaction",
            "headline": _static("How would you rate the support you received?"),
            "options": [{**rating, "emoji": _static("\N{POUTING FACE}")}],
        },
        {"id": "Q2", "type": "closed_ended", "headline": _static("Select a reason"), "options": [reason]},
        {"id": "Q3", "type": "open_ended", "headline": _static("Anything else?"), "follow_up": None},
    ]
    return {"state": "disabled" if number else "enabled", "version": 1 + number, "questions": questions}


def _static(text: str) -> Json:
    return {"type": "static", "value": text}


def _workspace(number: int) -> Json:
    macros = [number_of("macro", n) for n in range(2)]
    selected = [{"id": macro, "title": f"Macro {number}"} for macro in macros]
    return {"macro_ids": macros, "macros": macros, "selected_macros": selected}


def _custom_object_record(number: int) -> Json:
    """Every seventh is deleted."""
    content: Json = {
        "custom_object_key": CUSTOM_OBJECTS[number % 3],
        "name": f"Record {number}",
        "custom_object_fields": {"note": words.SENTENCES[0], "count": number, "visited": bool(number % 2)},
    }
    if number % 7 == 6:
        fields = dict.fromkeys(content["custom_object_fields"], "[DELETED]")
        content |= {"name": "[DELETED]", "custom_object_fields": fields}
    return content


def _uuid(number: int) -> str:
    return str(UUID(int=Random(number).getrandbits(128), version=4))


VALUES: dict[str, Callable[[int], Json]] = {
    "group": lambda number: {"default": number == 0, "deleted": number == 11},
    "ticket_field": _ticket_field,
    "brand": lambda number: {
        "name": f"Cityblock {number}",
        "default": number == 0,
        "is_deleted": number == 2,
    },
    "activity": lambda _number: {"user": EMBEDDED_USER, "actor": EMBEDDED_USER},
    "target": lambda number: {"password": None} if number % 2 else {},
    "trigger": lambda number: {"category_id": str(1 + number % 3)},
    "trigger_category": lambda number: {"id": str(1 + number)},
    "csat_survey": _csat_survey,
    "nps_response": lambda number: {"recipient_id": number_of("nps_recipient", 2 * number + 1)},
    "side_conversation": _side_conversation,
    "side_conversation_event": lambda number: {
        "side_conversation_id": _uuid(number % SIDE_CONVERSATIONS),
        "ticket_id": 1 + number % SIDE_CONVERSATIONS,
    },
    "tag": lambda number: {"name": words.TAGS[number] if number < len(words.TAGS) else f"program_{number}"},
    "ticket_form_status": lambda number: {
        "ticket_form_id": FIRST_FORM + number // 5,
        "custom_status_id": FIRST_STATUS + number % 5,
    },
    "workspace": _workspace,
    "custom_object": lambda number: {"key": CUSTOM_OBJECTS[number]},
    "custom_object_record": _custom_object_record,
    # A list of what was done, one object, or null while the job works.
    "job_status": lambda number: {
        "results": ([{"id": number, "success": True}], {"success": True}, None)[number % 3]
    },
    "sla_policy": sla_policy,
    "group_sla_policy": group_sla_policy,
    "call_leg": lambda number: {"call_id": number_of("call", number // 2)},
    "schedule": lambda number: {**SCHEDULES[number], "created_at": iso(BEGINNING + number)},
    "schedule_holiday": lambda number: {"start_date": holiday(number), "end_date": holiday(number)},
    "satisfaction_rating": lambda number: {"score": ("good", "bad", "offered")[number % 3]},
    "routing_attribute": lambda number: {"id": _uuid(number)},
    # The creation of each attribute, then the deletion of others.
    "routing_attribute_event": lambda number: {
        "id": _uuid(number),
        "type": "create" if number < COUNTS["routing_attribute"] else "delete",
    },
    "chat": lambda number: {"id": f"1712.{number_of('chat', number)}", "deleted": number % 9 == 4},
}
"""Model → properties of its object with that number."""
