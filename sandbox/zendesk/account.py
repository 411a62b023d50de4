"""A new account, from a seed and its size."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from sandbox.zendesk import words
from sandbox.zendesk.clock import BEGINNING, DAY, START, iso
from sandbox.zendesk.further import further
from sandbox.zendesk.people import FIRST_ORGANIZATION, FIRST_USER, HOST, deleted_user, organization, user
from sandbox.zendesk.rules import BUILDERS, memberships, rule
from sandbox.zendesk.store import Stored
from sandbox.zendesk.tickets import deleted_ticket, ticket, ticket_metric, ticket_skip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.zendesk.store import Json, Store

SKIPPED = 10
"""Every so manieth listed ticket has been skipped once."""


def create(store: Store, seed: int, tickets: int, users: int) -> None:
    """Fills an empty store; the same arguments give the same account, to the byte."""
    with store.transaction():
        store.put(_people(seed, users))
        store.put(_tickets(seed, tickets, users))
        store.put(_lists(seed, users))
        store.put(_surveys(seed, users))
        store.put(further(seed, users))
        for name, value in (("seed", seed), ("users", users), ("now", START), ("advances", 0)):
            store.set_fact(name, value)


def _people(seed: int, users: int) -> Iterator[Stored]:
    for number in range(users):
        yield from user_objects(*user(seed, number, users))
    for number in range(max(1, users // 10)):
        yield Stored.of("organization", *organization(seed, number, max(1, users // 10)))


def user_objects(content: Json, changed: int) -> Iterator[Stored]:
    """The user, and its entry in the list of the deleted ones."""
    yield Stored.of("user", content, changed)
    if not content["active"]:
        yield Stored.of("deleted_user", deleted_user(content), changed)


def _tickets(seed: int, tickets: int, users: int) -> Iterator[Stored]:
    for number in range(1, tickets + 1):
        made = ticket(seed, number, tickets, users)
        yield from ticket_objects(made.content, made.changed, users, archived=made.archived)


def ticket_objects(content: Json, changed: int, users: int, *, archived: bool) -> Iterator[Stored]:
    """The ticket, and its metric and skip, which lists do not have once it is archived or deleted.

    The list of deleted ones has it until it is restored or scrubbed.
    """
    listed = not archived and content["status"] != "deleted"
    yield Stored.of("ticket", content, changed, listed=listed)
    yield Stored.of("ticket_metric", ticket_metric(content), changed, listed=listed)
    if content["id"] % SKIPPED == 0:
        yield Stored.of("ticket_skip", ticket_skip(content, users), changed, listed=listed)
    if content["status"] == "deleted":
        is_there = content["subject"] != "SCRUBBED"
        yield Stored.of("deleted_ticket", deleted_ticket(content), changed, listed=is_there)


def _lists(seed: int, users: int) -> Iterator[Stored]:
    for model, (_, count) in BUILDERS.items():
        for number in range(count):
            yield Stored.of(model, rule(seed, model, number), START)
    of_groups, of_organizations = memberships(seed, users)
    yield from (Stored.of("group_membership", membership, START) for membership in of_groups)
    yield from (Stored.of("organization_membership", membership, START) for membership in of_organizations)


def _surveys(seed: int, users: int) -> Iterator[Stored]:
    """NPS: recipients, half of whom responded."""
    rng = Random(f"surveys {seed}")
    for number in range(users // 3):
        delivered = BEGINNING + rng.randrange(START - BEGINNING - DAY)
        survey: Json = {
            "survey_id": 1,
            "survey_name": "Care",
            "user_id": FIRST_USER + number * 3,
            "delivery_id": number // 50,
        }
        recipient: Json = {
            "id": FIRST_ORGANIZATION + 4_000_000 + number,
            **survey,
            "delivered_at": iso(delivered),
            "created_at": iso(delivered),
            "updated_at": iso(delivered),
            "error_messages": [],
        }
        yield Stored.of("nps_recipient", recipient, delivered)
        if number % 2:
            response: Json = {
                "id": FIRST_ORGANIZATION + 5_000_000 + number,
                "url": f"{HOST}/api/v2/nps/responses/{number}.json",
                **survey,
                "recipient_id": recipient["id"],
                "rating": rng.randrange(11),
                "reason": None,
                "comment": None if rng.random() < 0.5 else words.text(rng, 50),
                "rated_at": iso(delivered + 3600),
                "created_at": iso(delivered + 3600),
                "updated_at": iso(delivered + 3600),
            }
            yield Stored.of("nps_response", response, delivered + 3600)
