"""What happens in the account between two rounds, from a seed: time passes, and people change and remove things."""

from __future__ import annotations

from sandbox.zendesk.people import FIRST_USER
from sandbox.zendesk.tickets import SCRUBBED


def happen(world, rng):
    """Time passes, then some changes at its end. Returns the texts of tickets that were scrubbed, by id."""
    world.zendesk("POST", "advance", {"hours": rng.choice((1, 6, 24, 24, 24 * 7))})
    tickets = {one["id"]: one for one in world.objects("ticket")}
    chosen = rng.sample(sorted(tickets), 6)
    there = [number for number in chosen if tickets[number]["status"] not in ("deleted", "closed")]
    scrubbed = {}
    for number in there[:4]:
        kind = rng.choice(("update", "update", "delete", "scrub", "merge"))
        if kind == "update":
            change = {"id": number, "subject": f"Changed {rng.randrange(10**9)}", "tags": ["changed"]}
            world.zendesk("PUT", "objects/ticket", [change])
        elif kind == "merge":
            change = {"id": number, "status": "closed", "tags": ["closed_by_merge"]}
            world.zendesk("PUT", "objects/ticket", [change])
        elif kind == "delete":
            world.zendesk("POST", "removals", {"kind": "delete_ticket", "ticket_id": number})
        else:
            scrubbed[number] = tickets[number]["description"]
            world.zendesk("POST", "removals", {"kind": "scrub_ticket", "ticket_id": number})
    if rng.random() < 0.2:
        restored = [
            one for one in tickets.values() if one["status"] == "deleted" and one["subject"] != SCRUBBED
        ]
        changes = [{"id": one["id"], "status": "open"} for one in restored[:2] if one["id"] not in scrubbed]
        world.zendesk("PUT", "objects/ticket", changes)
    if rng.random() < 0.2:
        user = FIRST_USER + rng.randrange(1, world.size.users)
        world.zendesk("POST", "removals", {"kind": "delete_user_permanently", "user_id": user})
    return scrubbed
