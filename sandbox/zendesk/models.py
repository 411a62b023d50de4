"""The endpoints: one row per model."""

from __future__ import annotations

import dataclasses
import re
from enum import Enum
from typing import Any, Literal

from sandbox.zendesk import schemas


class Paging(Enum):
    """Zendesk's kinds of pagination, see docs/zendesk/list-cursors.md and export-by-time.md.

    Endpoints whose documentation does not name one have OFFSET.
    """

    EXPORT_CURSOR = "start_time once, then cursor, until end_of_stream"
    EXPORT_TIME = "start_time, then end_time as the next start_time, until end_of_stream"
    EXPORT_NEXT = "the query of next_page, until a page has no rows"
    LIST_CURSOR = "page[size] and page[after]; without page[size] by offset"
    OFFSET = "page and per_page, next_page"


@dataclasses.dataclass(frozen=True)
class Endpoint:
    model: str
    path: str
    root: str
    paging: Paging
    per_page: int = 100
    key: str = "id"
    clock: str = "updated_at"
    end: Literal["end_of_stream", "next_page", "end_time", "has_more"] = "end_of_stream"
    """What marks the last page of an export: Help Center, Talk and custom objects have no `end_of_stream`."""
    parent: str | None = None
    """The model whose key is in the path."""
    window: tuple[str, str] | None = None
    """Query parameters for the start and end of a list, in seconds since 1970 or ISO."""
    support_type: str | None = None
    """The property with the ticket's id, if `support_type_scope` selects tickets of agents or AI agents."""
    sideload: str | None = None
    """What `include` can add to the objects."""

    @property
    def is_exported(self) -> bool:
        """Whether it lists what changed since a time, archived and deleted objects included."""
        return self.paging in (Paging.EXPORT_CURSOR, Paging.EXPORT_TIME, Paging.EXPORT_NEXT)

    @property
    def parents_key(self) -> str:
        """The name of the parent's key in the path."""
        return self.path.partition("{")[2].partition("}")[0]

    def within(self, key: object) -> str:
        """The name in the store for the objects of this parent."""
        return f"{self.model}/{key}"


def _plural(name: str) -> str:
    if name.endswith("y"):
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith("s") else f"{name}s"


def _at(model: str, paging: Paging, path: str = "", root: str = "", **rest: Any) -> Endpoint:  # noqa: ANN401 - fields of Endpoint
    """By default at /api/v2/<plural of the model>; the root is the path's last segment."""
    path = f"/api/v2/{path or _plural(model)}"
    return Endpoint(model, path, root or path.removesuffix("/cursor").rpartition("/")[2], paging, **rest)


_CURSOR, _TIME, _NEXT = Paging.EXPORT_CURSOR, Paging.EXPORT_TIME, Paging.EXPORT_NEXT
_LIST, _OFFSET = Paging.LIST_CURSOR, Paging.OFFSET

ENDPOINTS = (
    _at(
        "ticket",
        _CURSOR,
        "incremental/tickets/cursor",
        per_page=1000,
        support_type="id",
        sideload="metric_sets",
    ),
    _at("user", _CURSOR, "incremental/users/cursor", per_page=1000, sideload="identities"),
    _at("organization", _TIME, "incremental/organizations", per_page=1000),
    _at("nps_recipient", _TIME, "nps/incremental/recipients", per_page=1000),
    _at("nps_response", _TIME, "nps/incremental/responses", per_page=1000),
    _at("sharing_agreement", _OFFSET),
    _at("ticket_skip", _LIST, "skips"),
    _at("ticket_form", _OFFSET),
    _at("sla_policy", _OFFSET, "slas/policies", "sla_policies"),
    _at("support_address", _LIST, "recipient_addresses"),
    _at("dynamic_content", _LIST, "dynamic_content/items"),
    _at("target", _OFFSET),
    _at("custom_agent_role", _OFFSET, "custom_roles"),
    _at("organization_subscription", _LIST, clock="created_at"),
    _at("group_sla_policy", _OFFSET, "group_slas/policies", "group_sla_policies"),
    _at("schedule", _OFFSET, "business_hours/schedules"),
    _at("satisfaction_reason", _OFFSET, root="reasons"),
    _at("survey_response", _LIST, "guide/survey_responses", per_page=50),
    _at("csat_survey", _LIST, "guide/en-us/surveys", per_page=50),
    _at("tag", _LIST, key="name"),
    _at("custom_status", _OFFSET),
    _at("ticket_form_status", _OFFSET),
    _at("deleted_ticket", _LIST, clock="deleted_at"),
    _at("locale", _OFFSET),
    _at("workspace", _OFFSET),
    _at("routing_attribute", _OFFSET, "routing/attributes"),
    _at("routing_queue", _OFFSET, "queues"),
    _at("custom_object", _OFFSET, key="key"),
    _at("target_failure", _OFFSET, clock="created_at"),
    _at("resource_collection", _OFFSET),
    _at("email_notification", _LIST, key="notification_id"),
    _at("deletion_schedule", _OFFSET),
    _at("ticket_metric_event", _TIME, "incremental/ticket_metric_events", per_page=1000, clock="time"),
    _at(
        "ticket_event",
        _TIME,
        "incremental/ticket_events",
        per_page=1000,
        clock="created_at",
        support_type="ticket_id",
        sideload="comment_events",
    ),
    _at(
        "schedule_holiday",
        _OFFSET,
        "business_hours/schedules/{schedule_id}/holidays",
        clock="start_date",
        parent="schedule",
    ),
    _at(
        "custom_object_record",
        _CURSOR,
        "incremental/custom_objects/{custom_object_key}/cursor",
        "custom_object_records",
        per_page=1000,
        end="has_more",
        parent="custom_object",
    ),
    _at("audit_log", _LIST, clock="created_at", window=("filter[created_at][]", "filter[created_at][]")),
    _at("satisfaction_rating", _LIST, window=("start_time", "end_time")),
    _at("access_log", _LIST, per_page=2500, clock="timestamp", window=("filter[start]", "filter[end]")),
    _at(
        "side_conversation_event",
        _TIME,
        "tickets/side_conversations/events",
        clock="created_at",
        end="end_time",
    ),
    _at("side_conversation", _OFFSET, "tickets/{ticket_id}/side_conversations", parent="ticket"),
    _at("routing_attribute_event", _NEXT, "incremental/routing/attributes", clock="time"),
    _at("chat", _NEXT, "chat/incremental/chats", per_page=1000, clock="update_timestamp"),
    _at("article", _TIME, "help_center/incremental/articles", per_page=1000, end="next_page"),
    _at("call", _TIME, "channels/voice/stats/incremental/calls", end="end_time"),
    _at("call_leg", _TIME, "channels/voice/stats/incremental/legs", end="end_time"),
)
"""What is not a plain list at the default path."""

LISTS = (_at("ticket", _LIST), _at("user", _LIST), _at("organization", _LIST))
"""Lists of models that have an export, too. They have neither archived nor deleted objects."""

SORTED = {"/api/v2/deleted_tickets", *(endpoint.path for endpoint in LISTS)}
"""The lists that support sort=updated_at."""

UNSORTED = {"/api/v2/deleted_users"}
"""Those that reject it. All others ignore it."""

DERIVED = (
    "comment_redaction",
    "ticket_attachment",
    "ticket_comment",
    "ticket_field_history",
    "ticket_metric_set",
    "user_identity",
)
"""Models without an endpoint: their rows are inside the objects of another model, or beside them."""

BY_MODEL = {endpoint.model: endpoint for endpoint in ENDPOINTS}
for _model in schemas.models():
    if _model not in BY_MODEL and _model not in DERIVED:
        _schema = schemas.of(_model)
        BY_MODEL[_model] = _at(_model, _LIST, key=_schema["required"][0], **_schema.get("sandbox", {}))
"""A model that only has a schema file is a plain list. `sandbox` in the file says where, if not at the default path."""

_PATHS = [
    (re.compile(re.sub(r"\\{\w+\\}", "([^/]+)", re.escape(endpoint.path))), endpoint)
    for endpoint in (*BY_MODEL.values(), *LISTS)
]


def endpoint_at(path: str) -> tuple[Endpoint, str | None] | None:
    """The endpoint with this path, and the key of the parent in the path."""
    for pattern, endpoint in _PATHS:
        if found := pattern.fullmatch(path):
            return endpoint, found[1] if pattern.groups else None
    return None
