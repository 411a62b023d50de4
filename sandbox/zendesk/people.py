"""Users and organizations, as their exports have them."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from sandbox.zendesk import words
from sandbox.zendesk.clock import BEGINNING, DAY, START, iso

if TYPE_CHECKING:
    from sandbox.zendesk.store import Json

FIRST_USER = 1_900_000_000_000
FIRST_ORGANIZATION = 360_000_000_000
FIRST_ROLE = FIRST_ORGANIZATION + 900_001
HOST = "https://cityblock-local.zendesk.com"


def is_agent(number: int) -> bool:
    return number % 10 == 0


def user(seed: int, number: int, users: int) -> tuple[Json, int]:
    """User `number` (from 0), and the time of its last change in epoch seconds."""
    rng = Random(f"user {seed} {number}")
    agent, user_id = is_agent(number), FIRST_USER + number
    created = BEGINNING + int((START - BEGINNING) * (number / users) ** 0.5) - DAY
    changed = min(created + rng.randrange(0, 400 * DAY), START - 180 - rng.randrange(DAY))
    changed = max(changed, created)
    full_name = words.name(rng)
    content: Json = {
        "id": user_id,
        "url": f"{HOST}/api/v2/users/{user_id}.json",
        "name": full_name,
        "email": f"user{number}@{'cityblock' if agent else 'mail'}.example",
        "created_at": iso(created),
        "updated_at": iso(changed),
        "time_zone": "Eastern Time (US & Canada)",
        "iana_time_zone": "America/New_York",
        "phone": f"+1 555 01{number % 100:02d}" if rng.random() < 0.6 else None,
        "shared_phone_number": rng.choice((None, False, True)),
        "photo": None
        if rng.random() < 0.7
        else {"id": FIRST_USER + 10**6 + number, "file_name": "portrait.png", "size": 2048},
        "locale_id": 1,
        "locale": "en-US",
        "organization_id": FIRST_ORGANIZATION + number % max(1, users // 10) if rng.random() < 0.8 else None,
        "role": ("admin" if number % 50 == 0 else "agent") if agent else "end-user",
        "verified": rng.random() < 0.9,
        "external_id": None if agent else f"M{number}",
        "tags": rng.sample(words.TAGS, rng.randrange(3)),
        "alias": full_name.split(" ", maxsplit=1)[0] if agent else "",
        "active": True,
        "shared": False,
        "shared_agent": False,
        "last_login_at": iso(changed) if rng.random() < 0.5 else None,
        "two_factor_auth_enabled": agent or None,
        "signature": "Kind regards" if agent else None,
        "details": words.text(rng, 40) if rng.random() < 0.3 else "",
        "notes": words.text(rng, 80) if rng.random() < 0.3 else "",
        "role_type": 4 if agent else None,
        "custom_role_id": FIRST_ROLE if agent else None,
        "moderator": agent,
        "ticket_restriction": None if agent else "requested",
        "only_private_comments": False,
        "restricted_agent": not agent,
        "suspended": rng.random() < 0.02,
        "default_group_id": FIRST_ORGANIZATION + 100_001 + number % 12 if agent else None,
        "report_csv": False,
        "chat_only": False,
        "remote_photo_url": None,
        "is_billing_admin": number == 0,
        "suspension_details": None,
        "user_fields": _user_fields(rng, created, full_name),
    }
    if number % 97 == 13:
        delete_user(content, permanently=number % 2 == 0)
    return content, changed


def _user_fields(rng: Random, created: int, full_name: str) -> Json:
    return {
        "member_since": iso(created) if rng.random() < 0.5 else None,
        "languages": rng.sample(("en", "es", "ht", "zh"), rng.randrange(3)),
        "risk_score": rng.choice((None, 0.25, 1, 3.75)),
        "consented": rng.random() < 0.5,
        "preferred_name": rng.choice((None, full_name[:3])),
    }


def delete_user(content: Json, *, permanently: bool = False) -> None:
    """As a deleted user remains in the export; a permanently deleted one has no personal data."""
    content.update(active=False, email=None, permanently_deleted=permanently)
    if permanently:
        content.update(
            name="Permanently Deleted User",
            phone=None,
            notes=None,
            details=None,
            external_id=None,
            photo=None,
        )


def identities(content: Json) -> list[Json]:
    """Of a user: the email address, and the phone number unless it is shared."""
    values = {
        "email": content["email"],
        "phone_number": None if content["shared_phone_number"] else content["phone"],
    }
    deliverable: Json = {"undeliverable_count": 0, "deliverable_state": "deliverable"}
    return [
        {
            "id": content["id"] * 10 + number,
            "url": f"{HOST}/api/v2/users/{content['id']}/identities/{content['id'] * 10 + number}.json",
            "user_id": content["id"],
            "type": kind,
            "value": value,
            "verified": content["verified"],
            "verified_at": content["created_at"] if content["verified"] else None,
            "verification_method": "low" if content["verified"] else "none",
            "primary": True,
            "created_at": content["created_at"],
            "updated_at": content["updated_at"],
            **(deliverable if kind == "email" else {}),
        }
        for number, (kind, value) in enumerate(values.items())
        if value
    ]


def deleted_user(content: Json) -> Json:
    """The user in the list of deleted users."""
    names = (
        "id", "url", "name", "email", "created_at", "updated_at", "time_zone", "phone", "shared_phone_number", "photo",
        "locale_id", "locale", "organization_id", "role", "active",
    )  # fmt: skip
    return {name: content[name] for name in names}


def organization(seed: int, number: int, organizations: int) -> tuple[Json, int]:
    """Organization `number` (from 0), and the time of its last change in epoch seconds."""
    rng = Random(f"organization {seed} {number}")
    organization_id = FIRST_ORGANIZATION + number
    created = BEGINNING + (START - BEGINNING) * number // organizations - DAY
    changed = max(created, min(created + rng.randrange(300 * DAY), START - 180 - rng.randrange(DAY)))
    content: Json = {
        "id": organization_id,
        "url": f"{HOST}/api/v2/organizations/{organization_id}.json",
        "name": f"{rng.choice(words.LAST)} Clinic {number}",
        "created_at": iso(created),
        "updated_at": iso(changed),
        "shared_tickets": False,
        "shared_comments": False,
        "external_id": None if rng.random() < 0.5 else f"org-{number}",
        "domain_names": [f"clinic{number}.example"] if rng.random() < 0.5 else [],
        "details": "" if rng.random() < 0.5 else words.text(rng, 60),
        "notes": None if rng.random() < 0.5 else words.text(rng, 60),
        "group_id": None,
        "tags": rng.sample(words.TAGS, rng.randrange(3)),
        "organization_fields": {"region": rng.choice(("bk", "ct", None)), "beds": rng.choice((None, 12, 80))},
    }
    if number % 41 == 17:
        delete_organization(content, changed)
    return content, changed


def delete_organization(content: Json, moment: int) -> None:
    """It stays in the export, with a name that begins with its id."""
    content.update(deleted_at=iso(moment), name=f"{content['id']}_deleted_{content['name']}")
