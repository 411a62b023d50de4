"""What the account serves: one row a model."""

from __future__ import annotations

import dataclasses
import re
from enum import Enum
from typing import Literal


class Paging(Enum):
    """Zendesk's page dialects, see docs/zendesk/list-cursors.md and export-by-time.md.

    An endpoint whose document names no dialect has OFFSET.
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
    """What tells the last page of an export: Help Center, Talk and custom objects have no `end_of_stream`."""
    parent: str | None = None
    """The model whose key stands in the path."""
    window: tuple[str, str] | None = None
    """What the query calls the times that a list is asked for: from and to, seconds since 1970 or ISO."""
    support_type: str | None = None
    """Property with the ticket's id, where tickets of agents and of AI agents are kept apart."""
    sideload: str | None = None
    """What `include` may ask for, which is then inside the objects."""

    @property
    def is_exported(self) -> bool:
        """Whether it tells what changed since some time, archived and deleted things too."""
        return self.paging in (Paging.EXPORT_CURSOR, Paging.EXPORT_TIME, Paging.EXPORT_NEXT)

    @property
    def parents_key(self) -> str:
        """What the path calls the key of the parent."""
        return self.path.partition("{")[2].partition("}")[0]

    def within(self, key: object) -> str:
        """What the store calls the objects below this parent."""
        return f"{self.model}/{key}"


@dataclasses.dataclass(frozen=True)
class Part:
    """Rows that have no endpoint: they are inside the objects of another model."""

    model: str
    key: str = "id"


ENDPOINTS = (
    Endpoint(
        "ticket",
        "/api/v2/incremental/tickets/cursor",
        "tickets",
        Paging.EXPORT_CURSOR,
        1000,
        support_type="id",
        sideload="metric_sets",
    ),
    Endpoint("user", "/api/v2/incremental/users/cursor", "users", Paging.EXPORT_CURSOR, 1000),
    Endpoint("organization", "/api/v2/incremental/organizations", "organizations", Paging.EXPORT_TIME, 1000),
    Endpoint("nps_recipient", "/api/v2/nps/incremental/recipients", "recipients", Paging.EXPORT_TIME, 1000),
    Endpoint("nps_response", "/api/v2/nps/incremental/responses", "responses", Paging.EXPORT_TIME, 1000),
    Endpoint("group", "/api/v2/groups", "groups", Paging.LIST_CURSOR),
    Endpoint("user_field", "/api/v2/user_fields", "user_fields", Paging.LIST_CURSOR),
    Endpoint("macro", "/api/v2/macros", "macros", Paging.LIST_CURSOR),
    Endpoint(
        "organization_membership",
        "/api/v2/organization_memberships",
        "organization_memberships",
        Paging.LIST_CURSOR,
    ),
    Endpoint("organization_field", "/api/v2/organization_fields", "organization_fields", Paging.LIST_CURSOR),
    Endpoint("suspended_ticket", "/api/v2/suspended_tickets", "suspended_tickets", Paging.LIST_CURSOR),
    Endpoint("brand", "/api/v2/brands", "brands", Paging.LIST_CURSOR),
    Endpoint("sharing_agreement", "/api/v2/sharing_agreements", "sharing_agreements", Paging.OFFSET),
    Endpoint("ticket_skip", "/api/v2/skips", "skips", Paging.LIST_CURSOR),
    Endpoint("activity", "/api/v2/activities", "activities", Paging.LIST_CURSOR),
    Endpoint("group_membership", "/api/v2/group_memberships", "group_memberships", Paging.LIST_CURSOR),
    Endpoint("ticket_metric", "/api/v2/ticket_metrics", "ticket_metrics", Paging.LIST_CURSOR),
    Endpoint("ticket_field", "/api/v2/ticket_fields", "ticket_fields", Paging.LIST_CURSOR),
    Endpoint("ticket_form", "/api/v2/ticket_forms", "ticket_forms", Paging.OFFSET),
    Endpoint("view", "/api/v2/views", "views", Paging.LIST_CURSOR),
    Endpoint("sla_policy", "/api/v2/slas/policies", "sla_policies", Paging.OFFSET),
    Endpoint("support_address", "/api/v2/recipient_addresses", "recipient_addresses", Paging.LIST_CURSOR),
    Endpoint("dynamic_content", "/api/v2/dynamic_content/items", "items", Paging.LIST_CURSOR),
    Endpoint("target", "/api/v2/targets", "targets", Paging.OFFSET),
    Endpoint("custom_agent_role", "/api/v2/custom_roles", "custom_roles", Paging.OFFSET),
    Endpoint("trigger", "/api/v2/triggers", "triggers", Paging.LIST_CURSOR),
    Endpoint("automation", "/api/v2/automations", "automations", Paging.LIST_CURSOR),
)

FURTHER_ENDPOINTS = (
    Endpoint(
        "organization_subscription",
        "/api/v2/organization_subscriptions",
        "organization_subscriptions",
        Paging.LIST_CURSOR,
        clock="created_at",
    ),
    Endpoint("brand_agent", "/api/v2/brand_agents", "brand_agents", Paging.LIST_CURSOR),
    Endpoint("trigger_category", "/api/v2/trigger_categories", "trigger_categories", Paging.LIST_CURSOR),
    Endpoint("group_sla_policy", "/api/v2/group_slas/policies", "group_sla_policies", Paging.OFFSET),
    Endpoint("schedule", "/api/v2/business_hours/schedules", "schedules", Paging.OFFSET),
    Endpoint("satisfaction_reason", "/api/v2/satisfaction_reasons", "reasons", Paging.OFFSET),
    Endpoint("survey_response", "/api/v2/guide/survey_responses", "survey_responses", Paging.LIST_CURSOR, 50),
    Endpoint("tag", "/api/v2/tags", "tags", Paging.LIST_CURSOR, key="name"),
    Endpoint("custom_status", "/api/v2/custom_statuses", "custom_statuses", Paging.OFFSET),
    Endpoint("ticket_form_status", "/api/v2/ticket_form_statuses", "ticket_form_statuses", Paging.OFFSET),
    Endpoint(
        "deleted_ticket",
        "/api/v2/deleted_tickets",
        "deleted_tickets",
        Paging.LIST_CURSOR,
        clock="deleted_at",
    ),
    Endpoint("deleted_user", "/api/v2/deleted_users", "deleted_users", Paging.LIST_CURSOR),
    Endpoint("locale", "/api/v2/locales", "locales", Paging.OFFSET),
    Endpoint("workspace", "/api/v2/workspaces", "workspaces", Paging.OFFSET),
    Endpoint("routing_attribute", "/api/v2/routing/attributes", "attributes", Paging.OFFSET),
    Endpoint("routing_queue", "/api/v2/queues", "queues", Paging.OFFSET),
    Endpoint("custom_object", "/api/v2/custom_objects", "custom_objects", Paging.OFFSET, key="key"),
    Endpoint("job_status", "/api/v2/job_statuses", "job_statuses", Paging.LIST_CURSOR),
    Endpoint(
        "target_failure", "/api/v2/target_failures", "target_failures", Paging.OFFSET, clock="created_at"
    ),
    Endpoint("resource_collection", "/api/v2/resource_collections", "resource_collections", Paging.OFFSET),
    Endpoint(
        "email_notification",
        "/api/v2/email_notifications",
        "email_notifications",
        Paging.LIST_CURSOR,
        key="notification_id",
    ),
    Endpoint("deletion_schedule", "/api/v2/deletion_schedules", "deletion_schedules", Paging.OFFSET),
    Endpoint(
        "ticket_metric_event",
        "/api/v2/incremental/ticket_metric_events",
        "ticket_metric_events",
        Paging.EXPORT_TIME,
        1000,
        clock="time",
    ),
    Endpoint(
        "ticket_event",
        "/api/v2/incremental/ticket_events",
        "ticket_events",
        Paging.EXPORT_TIME,
        1000,
        clock="created_at",
        support_type="ticket_id",
        sideload="comment_events",
    ),
    Endpoint(
        "schedule_holiday",
        "/api/v2/business_hours/schedules/{schedule_id}/holidays",
        "holidays",
        Paging.OFFSET,
        clock="start_date",
        parent="schedule",
    ),
    Endpoint(
        "custom_object_record",
        "/api/v2/incremental/custom_objects/{custom_object_key}/cursor",
        "custom_object_records",
        Paging.EXPORT_CURSOR,
        1000,
        end="has_more",
        parent="custom_object",
    ),
    Endpoint(
        "audit_log",
        "/api/v2/audit_logs",
        "audit_logs",
        Paging.LIST_CURSOR,
        clock="created_at",
        window=("filter[created_at][]", "filter[created_at][]"),
    ),
    Endpoint(
        "satisfaction_rating",
        "/api/v2/satisfaction_ratings",
        "satisfaction_ratings",
        Paging.LIST_CURSOR,
        window=("start_time", "end_time"),
    ),
    Endpoint(
        "access_log",
        "/api/v2/access_logs",
        "access_logs",
        Paging.LIST_CURSOR,
        2500,
        clock="timestamp",
        window=("filter[start]", "filter[end]"),
    ),
    Endpoint(
        "side_conversation_event",
        "/api/v2/tickets/side_conversations/events",
        "events",
        Paging.EXPORT_TIME,
        clock="created_at",
        end="end_time",
    ),
    Endpoint(
        "routing_attribute_event",
        "/api/v2/incremental/routing/attributes",
        "attributes",
        Paging.EXPORT_NEXT,
        clock="time",
    ),
    Endpoint(
        "chat",
        "/api/v2/chat/incremental/chats",
        "chats",
        Paging.EXPORT_NEXT,
        1000,
        clock="update_timestamp",
    ),
    Endpoint(
        "article",
        "/api/v2/help_center/incremental/articles",
        "articles",
        Paging.EXPORT_TIME,
        1000,
        end="next_page",
    ),
    Endpoint(
        "call",
        "/api/v2/channels/voice/stats/incremental/calls",
        "calls",
        Paging.EXPORT_TIME,
        end="end_time",
    ),
    Endpoint(
        "call_leg",
        "/api/v2/channels/voice/stats/incremental/legs",
        "legs",
        Paging.EXPORT_TIME,
        end="end_time",
    ),
)
"""What the tap exports only if it is named."""

LISTS = (
    Endpoint("ticket", "/api/v2/tickets", "tickets", Paging.LIST_CURSOR),
    Endpoint("user", "/api/v2/users", "users", Paging.LIST_CURSOR),
    Endpoint("organization", "/api/v2/organizations", "organizations", Paging.LIST_CURSOR),
)
"""Of what has an export, too. They have neither archived nor deleted objects."""

SORTED = {"/api/v2/deleted_tickets", *(endpoint.path for endpoint in LISTS)}
"""The lists that know sort=updated_at."""

UNSORTED = {"/api/v2/deleted_users"}
"""Those that refuse it. Any other passes it over."""

PARTS = {
    part.model: part
    for part in (Part("ticket_comment"), Part("ticket_field_history"), Part("ticket_metric_set"))
}

BY_MODEL = {endpoint.model: endpoint for endpoint in (*ENDPOINTS, *FURTHER_ENDPOINTS)}
_PATHS = [
    (re.compile(re.sub(r"\\{\w+\\}", "([^/]+)", re.escape(endpoint.path))), endpoint)
    for endpoint in (*BY_MODEL.values(), *LISTS)
]


def endpoint_at(path: str) -> tuple[Endpoint, str | None] | None:
    """The endpoint with this path, and the key of the parent in it."""
    for pattern, endpoint in _PATHS:
        if found := pattern.fullmatch(path):
            return endpoint, found[1] if pattern.groups else None
    return None
