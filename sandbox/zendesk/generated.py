"""Makes objects from the schema files and a seed. `special` adds what tests and other objects rely on."""

from __future__ import annotations

import uuid
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any

from sandbox.zendesk import schemas, special, words
from sandbox.zendesk.clock import BEGINNING, DAY, START, iso
from sandbox.zendesk.models import BY_MODEL
from sandbox.zendesk.people import FIRST_ORGANIZATION, FIRST_USER, HOST
from sandbox.zendesk.store import Stored
from sandbox.zendesk.tickets import FIRST_BRAND, FIRST_FORM, FIRST_GROUP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.zendesk.models import Endpoint
    from sandbox.zendesk.store import Json

HAND_WRITTEN = {
    "ticket", "user", "organization", "ticket_event", "ticket_metric", "ticket_metric_event", "ticket_skip", "deleted_ticket",
    "deleted_user", "group_membership", "organization_membership",
}  # fmt: skip
PEOPLE = ("user_id", "author_id", "customer_id", "requester_id", "responder_id")
AGENTS = ("agent_id", "assignee_id", "actor_id")
PROSE = ("body", "comment", "content", "description", "message", "msg", "notes", "reason", "subject", "text")


MODELS = [model for model in BY_MODEL if model not in HAND_WRITTEN]
GROWING = [
    model
    for model in MODELS
    if (BY_MODEL[model].is_exported or BY_MODEL[model].window) and not model.startswith("nps_")
]
"""They get new objects as time passes. Zendesk retired NPS surveys."""


def generated_objects(seed: int, users: int) -> Iterator[Stored]:
    """All generated objects of a new account."""
    for model in MODELS:
        for number in range(special.count(model, users)):
            yield generated(model, seed, number, users)


def generated(model: str, seed: int, number: int, users: int, moment: int | None = None) -> Stored:
    """Object `number` (from 0) of the model; created at `moment`, or some time before START."""
    endpoint = BY_MODEL[model]
    content = _Maker(endpoint, seed, number, users, moment).content()
    clock: Any = content.get(endpoint.clock)
    return Stored.of(
        endpoint.within(special.parent_key(model, number)) if endpoint.parent else model,
        content,
        START if clock is None else int(datetime.fromisoformat(clock).timestamp()),
        number=special.number_of(model, number) if not isinstance(content.get("id"), int) else None,
    )


class _Maker:
    """Makes one object. The same arguments give the same object."""

    def __init__(self, endpoint: Endpoint, seed: int, number: int, users: int, moment: int | None) -> None:
        self._endpoint, self._number, self._users = endpoint, number, users
        self._rng = Random(f"{endpoint.model} {seed} {number}")
        self._created = moment or BEGINNING + self._rng.randrange(START - BEGINNING - 2 * DAY)
        self._changed = moment or self._created + self._rng.randrange(DAY)
        self._title = endpoint.model.replace("_", " ").capitalize()

    def content(self) -> Json:
        schema, model = schemas.of(self._endpoint.model), self._endpoint.model
        content = {name: self._value(name, part) for name, part in schema["properties"].items()}
        if content.get(key := self._endpoint.key) is not None and isinstance(content[key], int):
            content[key] = special.number_of(model, self._number)
        content.pop(self._endpoint.parents_key, None)
        if model in special.VALUES:
            content |= special.VALUES[model](self._number)
        if "url" in content:
            content["url"] = f"{HOST}{self._endpoint.path}/{content[key]}.json"
        return content

    def _value(self, name: str, schema: Json) -> Any:  # noqa: ANN401, PLR0911 - any JSON
        types = schema.get("type", ["string", "null"])
        types = [types] if isinstance(types, str) else types
        if schema.get("format") in ("date", "date-time"):
            return self._moment(name, schema["format"])
        if {"integer", "string"} & {*types} and (reference := self._reference(name)) is not None:
            return reference if "integer" in types else str(reference)
        if "null" in types and name != self._endpoint.key and self._rng.random() < 0.1:
            return None
        kind = self._rng.choice([kind for kind in types if kind != "null"])
        if kind == "boolean":
            return self._rng.random() < 0.5
        if kind == "integer":
            return self._rng.randrange(1000)
        if kind == "string":
            return self._text(name, schema)
        if kind == "number":
            return self._rng.randrange(1000) / 4
        if kind == "array":
            items = [self._value(name, schema.get("items", {})) for _ in range(self._rng.randrange(3))]
            return [item for item in items if item is not None]
        if "properties" in schema:
            return {inner: self._value(inner, part) for inner, part in schema["properties"].items()}
        return {"name": f"{self._title} {self._number}", "count": self._number, "tags": ["one", "two"]}

    def _moment(self, name: str, form: str) -> str | None:
        if name not in ("created_at", "updated_at", self._endpoint.clock) and self._rng.random() < 0.3:
            return None
        written = iso(self._created if name == "created_at" != self._endpoint.clock else self._changed)
        return written if form == "date-time" else written[:10]

    def _reference(self, name: str) -> int | None:
        """The id of an object that exists, for names that refer to one."""
        number = self._number
        if name.endswith(AGENTS):
            return FIRST_USER + number * 10 % self._users
        if name.endswith(PEOPLE):
            return FIRST_USER + number * 3 % self._users
        references = {
            "ticket_id": 1 + number % 40,
            "group_id": FIRST_GROUP + number % 12,
            "organization_id": FIRST_ORGANIZATION + number % max(1, self._users // 10),
            "brand_id": FIRST_BRAND + number % 3,
            "ticket_form_id": FIRST_FORM + number % 4,
        }
        return next((found for ending, found in references.items() if name.endswith(ending)), None)

    def _text(self, name: str, schema: Json) -> str:
        if "enum" in schema:
            return str(self._rng.choice(schema["enum"]))
        if name == "id":
            return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        if name.endswith(("email", "address", "recipient")):
            return f"user{self._number % self._users}@mail.example"
        if name.endswith(PROSE):
            return words.text(self._rng, 40)
        return f"{self._title} {self._number} {name.replace('_', ' ')}"
