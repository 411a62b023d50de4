"""What agents, members and Zendesk itself change in the account as time passes."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any

import orjson

from sandbox.zendesk import words
from sandbox.zendesk.account import ticket_objects, user_objects
from sandbox.zendesk.clock import START, iso
from sandbox.zendesk.derived import exported
from sandbox.zendesk.events import happened, of_ticket
from sandbox.zendesk.generated import GROWING, generated
from sandbox.zendesk.models import BY_MODEL
from sandbox.zendesk.people import delete_organization, delete_user
from sandbox.zendesk.special import number_of
from sandbox.zendesk.store import Stored
from sandbox.zendesk.tickets import SCRUBBED, delete_ticket, is_archived, new_ticket

if TYPE_CHECKING:
    from sandbox.zendesk.store import Json, Store

QUIET_SECONDS = 120
"""Nothing changes in the last two minutes, so that exports see every change."""


def advance(store: Store, hours: int) -> dict[str, dict[str, int]]:
    """Advances the clock. Returns the changes, as {model: {created, updated, deleted, restored: objects}}.

    The same account gets the same changes.
    """
    passed = (store.fact("advances") or 0) + 1
    rng = Random(f"advance {store.fact('seed')} {passed}")
    now = store.now + hours * 3600
    moments = _Moments(rng, store.now, now - QUIET_SECONDS)
    with store.transaction():
        changed = {
            "ticket": _tickets(store, rng, moments, hours),
            "user": _users(store, rng, moments, hours),
            "organization": _organizations(store, rng, moments),
            **{model: _list(store, rng, moments, model) for model in ("macro", "view", "trigger")},
        }
        _grow(store, passed, now)
        store.set_fact("now", now)
        store.set_fact("advances", passed)
    return changed


def _grow(store: Store, passed: int, now: int) -> None:
    """Adds two objects to each generated model that is exported."""
    moments = _Moments(Random(f"further {store.fact('seed')} {passed}"), store.now, now - QUIET_SECONDS)
    for model in GROWING:
        known = sum(1 for _ in exported(store, model))
        for number in (known, known + 1):
            store.put(
                [generated(model, store.fact("seed") or 0, number, store.fact("users") or 1, moments())]
            )


class _Moments:
    """Random times between start and end."""

    def __init__(self, rng: Random, start: int, end: int) -> None:
        self._rng, self._start, self._end = rng, start, max(start + 1, end)

    def __call__(self) -> int:
        return self._rng.randrange(self._start, self._end)


def _share(count: int, per_day: float, hours: int) -> int:
    return min(count, max(1, round(count * per_day * hours / 24)))


def load(store: Store, model: str, object_id: int) -> Json:
    stored = store.get(model, object_id)
    assert stored is not None  # noqa: S101 - the id came from the store
    content: Json = orjson.loads(stored.body)
    return content


def _tickets(store: Store, rng: Random, moments: _Moments, hours: int) -> dict[str, int]:
    known = store.ids("ticket")
    users = store.fact("users") or 1
    touched = rng.sample(known, _share(len(known), 0.05, hours))
    done: Counter[str] = Counter(created=0, updated=0, deleted=0, restored=0)
    for number in touched:
        content, moment = load(store, "ticket", number), moments()
        if content["status"] == "deleted" and content["subject"] == SCRUBBED:
            continue  # such a ticket cannot be restored
        before = dict(content)
        kind = _touch(content, rng, moment)
        happened(store, before, content, moment)
        done[kind] += 1
        if kind == "restored":
            store.remove("deleted_ticket", [number])
        events = of_ticket(store, content)
        store.put(ticket_objects(content, events, moment, users, archived=is_archived(content, moment)))
    for number in range(max(known) + 1, max(known) + 1 + _share(len(known), 0.02, hours)):
        moment = moments()
        content = new_ticket(rng, number, moment, users)
        happened(store, None, content, moment)
        store.put(ticket_objects(content, of_ticket(store, content), moment, users, archived=False))
        done["created"] += 1
    return dict(done)


def _touch(content: Json, rng: Random, moment: int) -> str:
    """Changes the ticket and returns the kind of change. Changes by the system leave `updated_at` alone."""
    content["generated_timestamp"] = moment
    if content["status"] == "deleted":
        content.update(status="open", updated_at=iso(moment))
        return "restored"
    if rng.random() < 0.08:
        delete_ticket(content)
        content["updated_at"] = iso(moment)
        return "deleted"
    if content["status"] == "closed":  # only the system can still change it
        content["organization_id"] = None
        return "updated"
    if rng.random() < 0.2:
        content["organization_id"] = None
        return "updated"
    content.update(
        status="closed"
        if content["status"] == "solved" and rng.random() < 0.5
        else rng.choice(("open", "pending", "solved")),
        priority=rng.choice(("low", "normal", "high")),
        tags=rng.sample(words.TAGS, 3),
        updated_at=iso(moment),
    )
    return "updated"


def _users(store: Store, rng: Random, moments: _Moments, hours: int) -> dict[str, int]:
    known = store.ids("user")
    done: Counter[str] = Counter(updated=0, deleted=0)
    for user_id in rng.sample(known, _share(len(known), 0.02, hours)):
        content, moment = load(store, "user", user_id), moments()
        if content.get("permanently_deleted"):
            continue  # such a user does not change again
        if rng.random() < 0.1 and content["role"] == "end-user":
            delete_user(content)
            done["deleted"] += 1
        else:
            content["notes"] = words.text(rng, 60)
            done["updated"] += 1
        content["updated_at"] = iso(moment)
        store.put(user_objects(content, moment))
    return dict(done)


def _organizations(store: Store, rng: Random, moments: _Moments) -> dict[str, int]:
    known = store.ids("organization")
    changed, gone = rng.choice(known), rng.choice(known)
    moment = moments()
    content = load(store, "organization", changed) | {
        "details": words.text(rng, 40),
        "updated_at": iso(moment),
    }
    store.put([Stored.of("organization", content, moment)])
    content = load(store, "organization", gone)
    if "deleted_at" in content:
        return {"updated": 1, "deleted": 0}
    moment = moments()
    delete_organization(content, moment)
    content["updated_at"] = iso(moment)
    store.put([Stored.of("organization", content, moment)])
    return {"updated": 1, "deleted": 1}


def _list(store: Store, rng: Random, moments: _Moments, model: str) -> dict[str, int]:
    """One is added, one changed, and one deleted without a trace."""
    known = store.ids(model)
    changed, gone = rng.sample(known, 2)
    moment = moments()
    content = load(store, model, changed) | {"active": False, "updated_at": iso(moment)}
    number = max(known) - number_of(model, 0) + 1
    added = generated(model, store.fact("seed") or 0, number, store.fact("users") or 1, moments())
    store.put([Stored.of(model, content, moment), added])
    store.remove(model, [gone])
    return {"created": 1, "updated": 1, "deleted": 1}


def put(store: Store, model: str, parts: list[Json]) -> list[int]:
    """Merges each part into the object with its id, or creates a new object. Returns the ids.

    The model's clock is set to the latest time that an export shows, unless the part has it. A part of a model with a parent
    names that, and its object exists.
    """
    moment = store.now - QUIET_SECONDS
    with store.transaction():
        ids = []
        for part in parts:
            place = _place(model, part)
            number = _number_of(store, place, part.get("id"))
            stored = None if number is None else store.get(place, number)
            content = orjson.loads(stored.body) if stored else _blank(store, model, part)
            before = content if stored else None
            content = {**content, **_clocks(model, moment), **part}
            if model == "ticket":
                happened(store, before, content, _changed(model, content, moment))
            listed = content.pop("_listed", True)
            changed, number = (
                _changed(model, content, moment),
                None if isinstance(content["id"], int) else number,
            )
            store.put([Stored.of(place, content, changed, listed=listed, number=number)])
            ids.append(content["id"])
    return ids


def _place(model: str, part: Json) -> str:
    """The model's name in the store."""
    endpoint = BY_MODEL[model]
    return endpoint.within(part[endpoint.parents_key]) if endpoint.parent else model


def _number_of(store: Store, model: str, key: object) -> int | None:
    """The id in the store, which is not the key of objects that have a text as their key."""
    if key is None or isinstance(key, int):
        return key
    return next((number for number in store.ids(model) if load(store, model, number)["id"] == key), None)


def _blank(store: Store, model: str, part: Json) -> Json:
    number = len(store.ids(model)) + 1
    if model == "ticket":
        return new_ticket(Random(number), part.get("id", number), START, store.fact("users") or 1)
    known = store.ids(BY_MODEL[model].model)
    return (load(store, model, known[0]) if known else {}) | {"id": part.get("id", max(known, default=0) + 1)}


def _clocks(model: str, moment: int) -> dict[str, Any]:
    if model == "ticket":
        return {"updated_at": iso(moment), "generated_timestamp": moment}
    return {BY_MODEL[model].clock: iso(moment)}


def _changed(model: str, content: Json, moment: int) -> int:
    if model == "ticket":
        return int(content["generated_timestamp"])
    clock = content.get(BY_MODEL[model].clock)
    return int(datetime.fromisoformat(clock).timestamp()) if clock else moment
