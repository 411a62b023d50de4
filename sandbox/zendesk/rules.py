"""What administrators set up: fields, groups, forms, views, triggers and the like. One builder a model."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from sandbox.zendesk import words
from sandbox.zendesk.clock import BEGINNING, DAY, START, iso
from sandbox.zendesk.people import FIRST_ORGANIZATION, FIRST_USER, HOST, is_agent
from sandbox.zendesk.tickets import CUSTOM_FIELDS, FIRST_FIELD, FIRST_GROUP

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.zendesk.store import Json

SYSTEM_FIELDS = ("subject", "description", "status", "tickettype", "priority", "group", "assignee")
CONDITIONS: Json = {
    "all": [
        {"field": "status", "operator": "less_than", "value": "closed"},
        {"field": "group_id", "operator": "is", "value": [str(FIRST_GROUP), str(FIRST_GROUP + 1)]},
    ],
    "any": [{"field": "current_tags", "operator": "includes", "value": "urgent transport"}],
}
ACTIONS: list[Json] = [
    {"field": "priority", "value": "high"},
    {
        "field": "notification_user",
        "value": ["requester_id", "Your request", "We are on it, {{ticket.requester.name}}."],
    },
    {"field": "set_schedule", "value": None},
]


def _option(rng: Random, field_id: int, position: int) -> Json:
    tag = rng.choice(words.TAGS)
    option_id = field_id * 10 + position
    return {
        "id": option_id,
        "name": tag.replace("_", " ").title(),
        "raw_name": tag.replace("_", " ").title(),
        "value": f"{tag}_{position}",
        "position": position,
        "url": f"{HOST}/api/v2/custom_field_options/{option_id}.json",
        "default": False,
    }


def _custom_field(rng: Random, field_id: int, title: str, kind: str) -> Json:
    return {
        "type": kind,
        "title": title,
        "raw_title": title,
        "description": f"{title} of the task",
        "raw_description": f"{title} of the task",
        "active": True,
        "position": field_id % 1000,
        "regexp_for_validation": r"\AC-\d{6}\z" if kind == "regexp" else None,
        "tag": "member_reached" if kind == "checkbox" else None,
        "relationship_target_type": "zen:user" if kind == "lookup" else None,
        "relationship_filter": {"all": [{"field": "role", "operator": "is", "value": "agent"}], "any": []}
        if kind == "lookup"
        else None,
        "custom_field_options": [_option(rng, field_id, n) for n in range(4)]
        if kind in ("tagger", "multiselect")
        else None,
    }


def ticket_field(rng: Random, number: int) -> Json:
    own = number - len(SYSTEM_FIELDS)
    if own >= 0:
        title, kind, _ = CUSTOM_FIELDS[own]
        content = {"id": FIRST_FIELD + own, **_custom_field(rng, FIRST_FIELD + own, title, kind)}
    else:
        kind = SYSTEM_FIELDS[number]
        content = {
            "id": FIRST_FIELD - 100 + number,
            **_custom_field(rng, FIRST_FIELD - 100 + number, kind.title(), kind),
        }
        if kind in ("status", "priority"):
            content["system_field_options"] = [
                {"name": "Open", "value": "open"},
                {"name": "Closed", "value": "closed"},
            ]
    return content | {
        "agent_can_edit": True,
        "agent_description": None,
        "raw_agent_description": None,
        "collapsed_for_agents": False,
        "creator_app_name": None,
        "creator_user_id": FIRST_USER if own >= 0 else None,
        "editable_in_portal": False,
        "raw_title_in_portal": content["title"],
        "removable": own >= 0,
        "required": False,
        "required_in_portal": False,
        "sub_type_id": 0 if kind == "tickettype" else None,
        "title_in_portal": content["title"],
        "visible_in_portal": False,
        "key": None,
    }


def person_field(rng: Random, number: int) -> Json:
    titles = (
        "Member since",
        "Languages",
        "Risk score",
        "Consented",
        "Preferred name",
        "Region",
        "Beds",
        "Care lead",
    )
    kinds = ("date", "multiselect", "decimal", "checkbox", "text", "dropdown", "integer", "lookup")
    title, kind = titles[number % 8], kinds[number % 8]
    return {
        **_custom_field(rng, number, title, kind),
        "key": title.lower().replace(" ", "_"),
        "system": False,
    }


def group(rng: Random, number: int) -> Json:
    return {
        "id": FIRST_GROUP + number,
        "name": f"Hub {number} {rng.choice(words.LAST)}",
        "description": "" if number % 2 else words.text(rng, 40),
        "default": number == 0,
        "deleted": number == 11,
        "is_public": True,
    }


def macro(rng: Random, number: int) -> Json:
    return {
        "title": f"Macro::{rng.choice(words.SUBJECTS)} {number}",
        "raw_title": f"Macro {number}",
        "active": rng.random() < 0.9,
        "default": False,
        "position": number,
        "description": None if number % 3 else words.text(rng, 40),
        "actions": ACTIONS[: 1 + number % 3],
        "restriction": None
        if number % 4
        else {"type": "Group", "id": FIRST_GROUP, "ids": [FIRST_GROUP, FIRST_GROUP + 1]},
    }


def brand(_rng: Random, number: int) -> Json:
    return {
        "id": FIRST_ORGANIZATION + 500_001 + number,
        "name": f"Cityblock {number}",
        "brand_url": f"https://brand{number}.zendesk.com",
        "subdomain": f"brand{number}",
        "has_help_center": number == 0,
        "help_center_state": "enabled" if number == 0 else "disabled",
        "host_mapping": None,
        "active": True,
        "default": number == 0,
        "is_deleted": number == 2,
        "logo": {
            "id": 7,
            "file_name": "logo.png",
            "content_type": "image/png",
            "size": 928,
            "width": 80,
            "thumbnails": [],
        }
        if number == 0
        else None,
        "signature_template": "{{agent.signature}}",
        "ticket_form_ids": [FIRST_ORGANIZATION + 400_001],
    }


def sharing_agreement(_rng: Random, number: int) -> Json:
    return {
        "name": f"Partner {number}",
        "partner_name": None,
        "remote_subdomain": "partner",
        "status": ("accepted", "pending")[number % 2],
        "type": ("inbound", "outbound")[number % 2],
    }


def suspended_ticket(rng: Random, number: int) -> Json:
    return {
        "author": {
            "id": None if number % 2 else FIRST_USER + number,
            "name": words.name(rng),
            "email": f"sender{number}@mail.example",
        },
        "subject": rng.choice(words.SUBJECTS),
        "content": words.text(rng, 300),
        "cause": "Detected as spam",
        "cause_id": 1,
        "message_id": f"<{number}@mail.example>",
        "ticket_id": None,
        "recipient": "help@cityblock.example",
        "brand_id": FIRST_ORGANIZATION + 500_001,
        "attachments": [{"id": number, "file_name": "scan.pdf", "size": 100}] if number % 3 == 0 else [],
        "error_messages": None,
        "via": {
            "channel": "email",
            "source": {"from": {"address": f"sender{number}@mail.example"}, "to": {}, "rel": None},
        },
    }


def activity(rng: Random, number: int) -> Json:
    return {
        "title": words.text(rng, 40),
        "verb": "tickets.assignment",
        "user_id": FIRST_USER,
        "actor_id": FIRST_USER + 10,
        "user": {"id": FIRST_USER, "name": words.name(rng)},
        "actor": {"id": FIRST_USER + 10, "name": words.name(rng)},
        "object": {"ticket": {"id": number, "subject": rng.choice(words.SUBJECTS)}},
        "target": {"ticket": {"id": number, "subject": rng.choice(words.SUBJECTS)}},
    }


def ticket_form(_rng: Random, number: int) -> Json:
    fields = [FIRST_FIELD + n for n in range(len(CUSTOM_FIELDS))]
    return {
        "id": FIRST_ORGANIZATION + 400_001 + number,
        "name": f"Form {number}",
        "raw_name": f"Form {number}",
        "display_name": f"Form {number}",
        "raw_display_name": f"Form {number}",
        "end_user_visible": number == 0,
        "position": number,
        "ticket_field_ids": fields,
        "active": True,
        "default": number == 0,
        "in_all_brands": True,
        "restricted_brand_ids": [],
        "agent_conditions": [
            {
                "parent_field_id": fields[0],
                "value": "care_home",
                "child_fields": [{"id": fields[1], "is_required": False}],
            }
        ],
        "end_user_conditions": [],
        "form_type": "standard",
    }


def view(rng: Random, number: int) -> Json:
    return {
        "title": f"{rng.choice(words.SUBJECTS)} {number}",
        "raw_title": f"View {number}",
        "active": True,
        "default": False,
        "position": number,
        "description": f"View {number} of care teams" if number % 3 == 0 else None,
        "watchable": number % 2 == 0,
        "conditions": CONDITIONS,
        "execution": {
            "group_by": "status",
            "sort_order": "desc",
            "columns": [{"id": "status", "title": "Status"}],
            "custom_fields": [],
        },
        "restriction": None if number % 2 else {"type": "User", "id": FIRST_USER},
    }


def sla_policy(_rng: Random, number: int) -> Json:
    return {
        "title": f"Policy {number}",
        "description": f"Policy {number} for urgent requests" if number % 2 else None,
        "position": number,
        "filter": CONDITIONS,
        "policy_metrics": [
            {
                "priority": "high",
                "metric": "first_reply_time",
                "target": 30,
                "target_in_seconds": 1800,
                "business_hours": False,
            },
            {
                "priority": "low",
                "metric": "requester_wait_time",
                "target": 480,
                "target_in_seconds": 28_800,
                "business_hours": True,
            },
        ],
        "metric_settings": {"first_reply_time": {"activate_on_ticket_created_for_end_user": True}},
    }


def support_address(_rng: Random, number: int) -> Json:
    return {
        "name": f"Hub {number}",
        "email": f"hub{number}@cityblock.example",
        "default": number == 0,
        "brand_id": FIRST_ORGANIZATION + 500_001,
        "forwarding_status": "verified",
        "spf_status": "verified",
        "cname_status": "unknown",
        "domain_verification_status": "verified" if number % 2 == 0 else None,
        "domain_verification_code": f"{number:010x}" if number % 2 == 0 else None,
    }


def dynamic_content(rng: Random, number: int) -> Json:
    variants = [
        {
            "id": FIRST_ORGANIZATION + 600_000 + number * 10 + locale,
            "url": f"{HOST}/api/v2/dynamic_content/items/{number}/variants/{locale}.json",
            "content": words.text(rng, 60),
            "locale_id": locale,
            "outdated": False,
            "active": True,
            "default": locale == 1,
            "created_at": iso(BEGINNING),
            "updated_at": iso(BEGINNING + DAY),
        }
        for locale in (1, 2)
    ]
    return {
        "name": f"Greeting {number}",
        "placeholder": f"{{{{dc.greeting_{number}}}}}",
        "default_locale_id": 1,
        "outdated": False,
        "variants": variants,
    }


def target(_rng: Random, number: int) -> Json:
    kind = ("email_target", "http_target")[number % 2]
    content: Json = {"title": f"Target {number}", "type": kind, "active": True}
    if kind == "email_target":
        return content | {"email": "alerts@cityblock.example", "subject": "Ticket"}
    return content | {
        "target_url": "https://hooks.cityblock.example/zendesk",
        "method": "post",
        "content_type": "application/json",
        "username": None,
        "password": None,
    }


def custom_agent_role(_rng: Random, number: int) -> Json:
    return {
        "id": FIRST_ORGANIZATION + 900_001 + number,
        "name": f"Role {number}",
        "description": "A role of agents",
        "role_type": 0,
        "team_member_count": number * 3,
        "configuration": {
            "ticket_access": "all",
            "ticket_deletion": False,
            "manage_macro_content_suggestions": True,
        },
    }


def trigger(rng: Random, number: int) -> Json:
    return {
        "title": f"{rng.choice(words.SUBJECTS)} {number}",
        "raw_title": f"Trigger {number}",
        "active": True,
        "default": False,
        "position": number,
        "description": f"Trigger {number} routes requests" if number % 4 == 0 else None,
        "category_id": str(1 + number % 3),
        "conditions": CONDITIONS,
        "actions": ACTIONS,
    }


def automation(rng: Random, number: int) -> Json:
    content = trigger(rng, number)
    del content["category_id"], content["description"]
    return content


BUILDERS: dict[str, tuple[Callable[[Random, int], Json], int]] = {
    "group": (group, 12),
    "user_field": (person_field, 8),
    "organization_field": (person_field, 5),
    "macro": (macro, 130),
    "suspended_ticket": (suspended_ticket, 25),
    "brand": (brand, 3),
    "sharing_agreement": (sharing_agreement, 2),
    "activity": (activity, 120),
    "ticket_field": (ticket_field, len(SYSTEM_FIELDS) + len(CUSTOM_FIELDS)),
    "ticket_form": (ticket_form, 4),
    "view": (view, 110),
    "sla_policy": (sla_policy, 8),
    "support_address": (support_address, 6),
    "dynamic_content": (dynamic_content, 15),
    "target": (target, 4),
    "custom_agent_role": (custom_agent_role, 6),
    "trigger": (trigger, 140),
    "automation": (automation, 20),
}
"""Model → its builder, and how many a new account has."""


def rule(seed: int, model: str, number: int, changed: int | None = None) -> Json:
    """The object of `model` with this number, from 0."""
    build, _ = BUILDERS[model]
    rng = Random(f"{model} {seed} {number}")
    created = BEGINNING + rng.randrange(START - BEGINNING - 2 * DAY)
    object_id = FIRST_ORGANIZATION + 700_001 + 10_000 * list(BUILDERS).index(model) + number
    content = {"id": object_id, **build(rng, number)}
    made = {
        "url": f"{HOST}/api/v2/{model}s/{content['id']}.json",
        "created_at": iso(created),
        "updated_at": iso(changed or created + rng.randrange(DAY)),
        **content,
    }
    if model == "target":  # the one model without it
        del made["updated_at"]
    if model == "custom_agent_role":
        del made["url"]
    return made


def memberships(seed: int, users: int) -> tuple[list[Json], list[Json]]:
    """Group memberships of the agents, and organization memberships of the others. Some lack `updated_at`."""
    rng = Random(f"memberships {seed}")
    groups: list[Json] = []
    organizations: list[Json] = []
    for number in range(users):
        if is_agent(number):
            for group_number in rng.sample(range(12), 3):
                groups.append(_membership(rng, len(groups), number, {"group_id": FIRST_GROUP + group_number}))
        elif rng.random() < 0.9:
            organization_number = rng.randrange(max(1, users // 10))
            belongs = {
                "organization_id": FIRST_ORGANIZATION + organization_number,
                "organization_name": f"Clinic {organization_number}",
                "view_tickets": False,
            }
            organizations.append(_membership(rng, len(organizations), number, belongs))
    return groups, organizations


def _membership(rng: Random, number: int, user_number: int, belongs: Json) -> Json:
    kind = "group" if "group_id" in belongs else "organization"
    membership_id = FIRST_ORGANIZATION + (2_000_000 if kind == "group" else 3_000_000) + number
    created = BEGINNING + rng.randrange(START - BEGINNING - DAY)
    content: Json = {
        "id": membership_id,
        "url": f"{HOST}/api/v2/{kind}_memberships/{membership_id}.json",
        "user_id": FIRST_USER + user_number,
        **belongs,
        "default": rng.random() < 0.5,
        "created_at": iso(created),
    }
    if rng.random() < 0.8:
        content["updated_at"] = iso(created + rng.randrange(DAY))
    return content
