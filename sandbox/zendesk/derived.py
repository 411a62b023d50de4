"""Sideloads, and the rows of derived models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from sandbox.zendesk.events import MODEL as TICKET_EVENT
from sandbox.zendesk.events import complete
from sandbox.zendesk.metric_events import MODEL as TICKET_METRIC_EVENT
from sandbox.zendesk.metric_events import bring_up_to_date
from sandbox.zendesk.models import BY_MODEL, DERIVED
from sandbox.zendesk.people import identities
from sandbox.zendesk.tickets import FIRST_METRIC

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sandbox.zendesk.models import Endpoint
    from sandbox.zendesk.store import Json, Store

ABOUT_A_CHANGE = (
    "id", "via", "via_reference_id", "event_type", "previous_value", "added_tags", "removed_tags"
)  # fmt: skip


def sideloaded(endpoint: Endpoint, include: str, store: Store, bodies: list[bytes]) -> list[bytes]:
    """The objects as a response has them, with only the sideloads that `include` names."""
    if endpoint.sideload in (None, "identities"):
        return bodies
    is_included = endpoint.sideload in include.split(",")
    if endpoint.sideload == "metric_sets":
        return [_with_metric_set(store, body) for body in bodies] if is_included else bodies
    return bodies if is_included else [_without_comments(body) for body in bodies]


def beside(endpoint: Endpoint, include: str, bodies: list[bytes]) -> Json:
    """The sideloads that are lists beside that of the objects."""
    if endpoint.sideload != "identities" or "identities" not in include.split(","):
        return {}
    return {"identities": [one for body in bodies for one in identities(orjson.loads(body))]}


def exported(store: Store, model: str) -> Iterator[bytes]:
    """All objects, as they would be exported."""
    if model == "user_identity":
        for body in store.bodies("user", all_of_them=True):
            yield from map(orjson.dumps, identities(orjson.loads(body)))
        return
    if model in DERIVED:
        yield from _derived_bodies(store, model)
        return
    if model == TICKET_EVENT:
        complete(store)
    if model == TICKET_METRIC_EVENT:
        bring_up_to_date(store)
    endpoint = BY_MODEL[model]
    if endpoint.parent is None:
        yield from store.bodies(model, all_of_them=endpoint.is_exported)
        return
    for key in keys(endpoint.parent, store):
        for body in store.bodies(endpoint.within(key), all_of_them=endpoint.is_exported):
            yield orjson.dumps({**orjson.loads(body), endpoint.parents_key: key})


def keys(model: str, store: Store) -> list[object]:
    """The keys of all objects that may have others below them: those that are listed, and archived tickets."""
    if model == "ticket":
        tickets = map(orjson.loads, store.bodies(model, all_of_them=True))
        return [ticket["id"] for ticket in tickets if ticket["status"] != "deleted"]
    return [orjson.loads(body)[BY_MODEL[model].key] for body in store.bodies(model, all_of_them=False)]


def _derived_bodies(store: Store, model: str) -> Iterator[bytes]:
    if model == "ticket_metric_set":
        for body in store.bodies("ticket", all_of_them=True):
            ticket = orjson.loads(_with_metric_set(store, body))
            copied = {"ticket_id": ticket["id"], "generated_timestamp": ticket["generated_timestamp"]}
            yield orjson.dumps({**ticket["metric_set"], **copied})
        return
    complete(store)
    rows: Iterable[Json] = (row for event, child in _child_events(store) for row in ROWS[model](event, child))
    if model == "ticket_attachment":
        rows = {row["id"]: row for row in rows}.values()  # the last version of each
    yield from map(orjson.dumps, rows)


def _child_events(store: Store) -> Iterator[tuple[Json, Json]]:
    """(ticket event, one of its child events), in order."""
    for body in store.bodies(TICKET_EVENT, all_of_them=True):
        event = orjson.loads(body)
        yield from ((event, child) for child in event["child_events"])


def _redactions(event: Json, child: Json) -> Iterator[Json]:
    if child["event_type"] in ("CommentRedactionEvent", "AttachmentRedactionEvent"):
        yield {**child, **_keys(event), "created_at": event["created_at"]}


def _comments(event: Json, child: Json) -> Iterator[Json]:
    if child["event_type"] == "Comment":
        via = {"channel": str(child["via"])} if isinstance(child["via"], str | int) else child["via"]
        texts = {"via": via, "via_reference_id": _text(child["via_reference_id"])}
        yield {**child, **texts, **_keys(event), "timestamp": event["timestamp"]}


def _changes(event: Json, child: Json) -> Iterator[Json]:
    if child["event_type"] in ("Create", "Change", "ScheduleAssignment"):
        around = {name: event[name] for name in ("timestamp", "created_at", "updater_id")}
        for field in _fields(child):
            yield field | _keys(event) | around


def _attachments(event: Json, child: Json) -> Iterator[Json]:
    around = {**_keys(event), "updated_at": event["created_at"]}
    about: Json = {name: child[name] for name in ("author_id", "public") if name in child}
    for attachment in child.get("attachments", ()):
        yield {**attachment, **around, **about, "comment_id": child["id"], "is_redacted": False}
    if "attachment_id" in child:
        redacted = {"id": child["attachment_id"], "comment_id": child["comment_id"], "is_redacted": True}
        yield redacted | around


ROWS = {
    "comment_redaction": _redactions,
    "ticket_comment": _comments,
    "ticket_field_history": _changes,
    "ticket_attachment": _attachments,
}
"""Of a derived model, from a ticket event and one of its child events."""


def _keys(event: Json) -> Json:
    return {"ticket_id": event["ticket_id"], "ticket_event_id": event["id"]}


def _fields(child: Json) -> Iterator[Json]:
    fields = {name: value for name, value in child.items() if name not in ABOUT_A_CHANGE}
    fields |= fields.pop("custom_ticket_fields", {})
    about = {key: child[key] for key in ABOUT_A_CHANGE if key in child}
    for key in ("via", "via_reference_id", "previous_value"):
        if key in about:
            about[key] = _text(about[key])
    for name, value in fields.items():
        yield {**about, "id": f"{child['id']}-{name}", "field_name": name, "value": _text(value)}


def _text(value: object) -> str | None:
    """As the tap exports a value that may have any type."""
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


def _with_metric_set(store: Store, body: bytes) -> bytes:
    """Archived and deleted tickets have one, too, unlike in the list of metrics."""
    metric = store.get("ticket_metric", FIRST_METRIC + orjson.loads(body)["id"])
    return body if metric is None else b'%s,"metric_set":%s}' % (body[:-1], metric.body)


def _without_comments(body: bytes) -> bytes:
    event = orjson.loads(body)
    event["child_events"] = [
        {
            "id": child["id"],
            "via": child["via"],
            "via_reference_id": child["via_reference_id"],
            "comment_present": True,
            "comment_public": child["public"],
            "event_type": "Comment",
        }
        if child["event_type"] == "Comment"
        else child
        for child in event["child_events"]
    ]
    return orjson.dumps(event)
