"""An account whose tickets, users and organizations are read from lists and search."""

from datetime import UTC, datetime

MODELS = ("ticket", "user", "organization")
EVERYTHING = {"bulk_models": [], "incremental_models": list(MODELS), "incremental_exports": False}
TICKETS = EVERYTHING | {"incremental_models": ["ticket"]}
OLD = "2025-11-30T00:00:00Z"


def in_fallback(zendesk):
    """The account without incremental exports, one of whose tickets was deleted lately."""
    zendesk.exports(allowed=False)
    delete(zendesk, 3, "2025-12-20T10:00:00Z")
    return zendesk


def delete(zendesk, ticket, moment):
    zendesk.put(
        "ticket",
        {"id": ticket, "status": "deleted", "updated_at": moment, "generated_timestamp": epoch(moment)},
    )
    zendesk.put("deleted_ticket", {"id": ticket, "subject": "gone", "deleted_at": moment})


def epoch(moment):
    return int(datetime.fromisoformat(moment).timestamp())


def iso(moment):
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def served(zendesk, model):
    """What lists and searches have of it, and of deleted ones what their own lists have."""
    objects = {thing["id"]: thing for thing in zendesk.objects(model)}
    if model == "ticket":
        gone = {one["id"] for one in zendesk.objects("deleted_ticket")}
        return {n for n, ticket in objects.items() if ticket["status"] != "deleted" or n in gone}
    return {n for n, thing in objects.items() if "deleted_at" not in thing}
