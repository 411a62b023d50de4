"""What the account serves: one row a model."""

from __future__ import annotations

import dataclasses
from enum import Enum


class Paging(Enum):
    """Zendesk's page dialects, by the documents "Pagination" and "Incremental Exports"."""

    EXPORT_CURSOR = "start_time once, then cursor, until end_of_stream"
    EXPORT_TIME = "start_time, then end_time as the next start_time, until end_of_stream"
    LIST_CURSOR = "page[size] and page[after]; without page[size] by offset"
    OFFSET = "page and per_page, next_page"
    NONE = "everything at once"


@dataclasses.dataclass(frozen=True)
class Endpoint:
    model: str
    path: str
    root: str
    paging: Paging
    per_page: int = 100


ENDPOINTS = (
    Endpoint("ticket", "/api/v2/incremental/tickets/cursor", "tickets", Paging.EXPORT_CURSOR, 1000),
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
    Endpoint("sharing_agreement", "/api/v2/sharing_agreements", "sharing_agreements", Paging.NONE),
    Endpoint("ticket_skip", "/api/v2/skips", "skips", Paging.LIST_CURSOR),
    Endpoint("activity", "/api/v2/activities", "activities", Paging.LIST_CURSOR),
    Endpoint("group_membership", "/api/v2/group_memberships", "group_memberships", Paging.LIST_CURSOR),
    Endpoint("ticket_metric", "/api/v2/ticket_metrics", "ticket_metrics", Paging.LIST_CURSOR),
    Endpoint("ticket_field", "/api/v2/ticket_fields", "ticket_fields", Paging.LIST_CURSOR),
    Endpoint("ticket_form", "/api/v2/ticket_forms", "ticket_forms", Paging.NONE),
    Endpoint("view", "/api/v2/views", "views", Paging.LIST_CURSOR),
    Endpoint("sla_policy", "/api/v2/slas/policies", "sla_policies", Paging.OFFSET),
    Endpoint("support_address", "/api/v2/recipient_addresses", "recipient_addresses", Paging.LIST_CURSOR),
    Endpoint("dynamic_content", "/api/v2/dynamic_content/items", "items", Paging.LIST_CURSOR),
    Endpoint("target", "/api/v2/targets", "targets", Paging.NONE),
    Endpoint("custom_agent_role", "/api/v2/custom_roles", "custom_roles", Paging.NONE),
    Endpoint("trigger", "/api/v2/triggers", "triggers", Paging.LIST_CURSOR),
    Endpoint("automation", "/api/v2/automations", "automations", Paging.LIST_CURSOR),
)

BY_MODEL = {endpoint.model: endpoint for endpoint in ENDPOINTS}
BY_PATH = {endpoint.path: endpoint for endpoint in ENDPOINTS}
