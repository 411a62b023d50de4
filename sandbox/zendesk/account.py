"""Creates an account from a seed and its size."""

from __future__ import annotations

from itertools import count
from random import Random
from typing import TYPE_CHECKING

from sandbox.zendesk.clock import BEGINNING, DAY, START, iso
from sandbox.zendesk.events import events_before
from sandbox.zendesk.generated import generated_objects
from sandbox.zendesk.people import (
    FIRST_ORGANIZATION,
    FIRST_USER,
    HOST,
    deleted_user,
    is_agent,
    organization,
    user,
)
from sandbox.zendesk.store import Stored
from sandbox.zendesk.ticket_metrics import ticket_metric
from sandbox.zendesk.tickets import FIRST_GROUP, SCRUBBED, deleted_ticket, ticket, ticket_skip

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sandbox.zendesk.store import Json, Store

SKIPPED_EVERY = 10
"""Every tenth listed ticket was skipped once."""


def create(store: Store, seed: int, tickets: int, users: int) -> None:
    """Fills an empty store. The same arguments give the same account."""
    with store.transaction():
        store.put(_people(seed, users))
        store.put(_tickets(seed, tickets, users))
        store.put(_memberships(seed, users))
        store.put(generated_objects(seed, users))
        for name, value in (("seed", seed), ("users", users), ("now", START), ("advances", 0)):
            store.set_fact(name, value)


def _people(seed: int, users: int) -> Iterator[Stored]:
    for number in range(users):
        yield from user_objects(*user(seed, number, users))
    for number in range(max(1, users // 10)):
        yield Stored.of("organization", *organization(seed, number, max(1, users // 10)))


def user_objects(content: Json, changed: int) -> Iterator[Stored]:
    """The user, and its entry in the list of deleted users."""
    yield Stored.of("user", content, changed)
    if not content["active"]:
        yield Stored.of("deleted_user", deleted_user(content), changed)


def _tickets(seed: int, tickets: int, users: int) -> Iterator[Stored]:
    for number in range(1, tickets + 1):
        made = ticket(seed, number, tickets, users)
        events = events_before(made.content)
        yield from ticket_objects(made.content, events, made.changed, users, archived=made.archived)


def ticket_objects(
    content: Json, events: Iterable[Json], changed: int, users: int, *, archived: bool
) -> Iterator[Stored]:
    """The ticket with its metric and skip, which leave the lists when it is archived or deleted.

    The list of deleted tickets has it until it is restored or scrubbed.
    """
    listed = not archived and content["status"] != "deleted"
    yield Stored.of("ticket", content, changed, listed=listed)
    yield Stored.of("ticket_metric", ticket_metric(content, events), changed, listed=listed)
    if content["id"] % SKIPPED_EVERY == 0:
        yield Stored.of("ticket_skip", ticket_skip(content, users), changed, listed=listed)
    if content["status"] == "deleted":
        is_there = content["subject"] != SCRUBBED
        yield Stored.of("deleted_ticket", deleted_ticket(content), changed, listed=is_there)


def _memberships(seed: int, users: int) -> Iterator[Stored]:
    """Agents are in three groups, most other users in an organization. Some memberships lack `updated_at`."""
    rng, groups, organizations = Random(f"memberships {seed}"), count(), count()
    for number in range(users):
        user_id = FIRST_USER + number
        if is_agent(number):
            for group in rng.sample(range(12), 3):
                content: Json = {"id": FIRST_ORGANIZATION + 2_000_000 + next(groups), "user_id": user_id}
                yield _membership(rng, "group_membership", {**content, "group_id": FIRST_GROUP + group})
        elif rng.random() < 0.9:
            organization_number = rng.randrange(max(1, users // 10))
            content = {
                "id": FIRST_ORGANIZATION + 3_000_000 + next(organizations),
                "user_id": user_id,
                "organization_id": FIRST_ORGANIZATION + organization_number,
                "organization_name": f"Clinic {organization_number}",
                "view_tickets": False,
            }
            yield _membership(rng, "organization_membership", content)


def _membership(rng: Random, model: str, content: Json) -> Stored:
    created = BEGINNING + rng.randrange(START - BEGINNING - DAY)
    content |= {
        "url": f"{HOST}/api/v2/{model}s/{content['id']}.json",
        "default": rng.random() < 0.5,
        "created_at": iso(created),
    }
    if rng.random() < 0.8:
        content["updated_at"] = iso(created + rng.randrange(DAY))
    return Stored.of(model, content, START)
