"""The models: one row each. A schema file of the same name in schemas/ makes it whole."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from enum import Enum


class Paging(Enum):
    """Zendesk's page dialects, by the documents "Pagination" and "Incremental Exports".

    How the first page is asked for; a list is then followed in the dialect that it answers in.
    """

    EXPORT_CURSOR = "start_time once, then the cursor; the last page's cursor is where the next run starts"
    EXPORT_TIME = "start_time, then each page's end_time, which repeats the rows of that second"
    EXPORT_NEXT = "start_time once, then the query of next_page; the last page's is where the next run starts"
    LIST_CURSOR = "page[size] and page[after]"
    NEXT_PAGE = "per_page, then the query of next_page"
    NONE = "everything at once, as documented; more than a page is followed all the same"


EXPORTS = frozenset({Paging.EXPORT_CURSOR, Paging.EXPORT_TIME, Paging.EXPORT_NEXT})
LARGEST_PAGE = {
    Paging.EXPORT_CURSOR: 1000,
    Paging.EXPORT_TIME: 1000,
    Paging.LIST_CURSOR: 100,
    Paging.NEXT_PAGE: 100,
}


@dataclasses.dataclass(frozen=True)
class Part:
    """Where rows stand inside the objects of another model, `of`, whose pages bring them: no further request.

    `within` is the property that holds one row, or, where `event_types` are given, the child events of a ticket event,
    of which those count. `by_field`: a child event is a row for each field that it tells of. `as_text` are columns of
    any value, which are texts, JSON where they are none. `taken` are our columns and the properties of the object around
    them that fill them; `include` is the sideload to ask for.
    """

    of: str
    within: str
    event_types: frozenset[str] = frozenset()
    by_field: bool = False
    as_text: frozenset[str] = frozenset()
    taken: tuple[tuple[str, str], ...] = ()
    include: str | None = None

    @property
    def looked_into(self) -> frozenset[str]:
        """The properties of that model's objects that rows are made of."""
        return frozenset({self.within, *(theirs for _, theirs in self.taken)})


@dataclasses.dataclass(frozen=True)
class Parent:
    """A model whose objects have the rows, a path each: `column`, in which rows tell whose they are, is in the path."""

    model: str
    column: str


@dataclasses.dataclass(frozen=True)
class Window:
    """A list that is asked for by spans of `days`: what the query calls their ends, in seconds since 1970 or in ISO.

    `in_order`: its rows come in the order of the clock, so that each page tells how far it is read.
    """

    since: str
    until: str
    days: int
    in_seconds: bool = False
    in_order: bool = False

    def bounds(self, start: int, end: int) -> dict[str, str]:
        """For the query; under one name, both."""
        since, until = (
            str(moment)
            if self.in_seconds
            else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            for moment in (start, end)
        )
        return (
            {self.since: f"{since},{until}"}
            if self.since == self.until
            else {self.since: since, self.until: until}
        )


@dataclasses.dataclass(frozen=True)
class Model:
    """`name` is the table's; `root` the key of a page's objects, which is not always the plural of the name.

    `clock` is the property by which two versions of an object are told apart; `query` is sent with every request;
    `left_out` are properties that repeat others, embed other models or are credentials; `largest_page` is where it is not its dialect's.
    A model with `part` has path, root, paging and query of the model that it is a part of. `by_support_type`: its export
    leaves out tickets of AI agents unless `support_type_scope` asks for them (facts of July 2026's OpenAPI document).
    """

    name: str
    path: str
    root: str
    paging: Paging
    key: str = "id"
    clock: str = "updated_at"
    query: tuple[tuple[str, str], ...] = ()
    left_out: frozenset[str] = frozenset()
    largest_page: int | None = None
    part: Part | None = None
    parent: Parent | None = None
    window: Window | None = None
    by_support_type: bool = False

    @property
    def is_incremental(self) -> bool:
        return self.window is not None or self.paging in EXPORTS

    @property
    def whole(self) -> str:
        """The model whose pages bring it: itself, unless it is a part of another."""
        return self.part.of if self.part else self.name


def _part(of: Model, name: str, *, clock: str, part: Part) -> Model:
    return dataclasses.replace(of, name=name, clock=clock, left_out=frozenset(), part=part)


_LIST = Paging.LIST_CURSOR

BULK_MODELS = (
    Model("group", "/api/v2/groups", "groups", _LIST, query=(("exclude_deleted", "false"),)),
    Model("user_field", "/api/v2/user_fields", "user_fields", _LIST),
    Model("macro", "/api/v2/macros", "macros", _LIST),
    Model("organization_membership", "/api/v2/organization_memberships", "organization_memberships", _LIST),
    Model("organization_field", "/api/v2/organization_fields", "organization_fields", _LIST),
    Model("suspended_ticket", "/api/v2/suspended_tickets", "suspended_tickets", _LIST),
    Model("brand", "/api/v2/brands", "brands", _LIST),
    Model("sharing_agreement", "/api/v2/sharing_agreements", "sharing_agreements", Paging.NONE),
    Model("ticket_skip", "/api/v2/skips", "skips", _LIST, left_out=frozenset({"ticket"})),
    Model("activity", "/api/v2/activities", "activities", _LIST, left_out=frozenset({"user", "actor"})),
    Model("group_membership", "/api/v2/group_memberships", "group_memberships", _LIST),
    Model("ticket_metric", "/api/v2/ticket_metrics", "ticket_metrics", _LIST),
    Model("ticket_field", "/api/v2/ticket_fields", "ticket_fields", _LIST),
    Model("ticket_form", "/api/v2/ticket_forms", "ticket_forms", Paging.NONE),
    Model("view", "/api/v2/views", "views", _LIST),
    Model("sla_policy", "/api/v2/slas/policies", "sla_policies", Paging.NEXT_PAGE),
    Model("support_address", "/api/v2/recipient_addresses", "recipient_addresses", _LIST),
    Model("dynamic_content", "/api/v2/dynamic_content/items", "items", _LIST),
    Model(
        "target",
        "/api/v2/targets",
        "targets",
        Paging.NONE,
        clock="created_at",
        left_out=frozenset({"password"}),  # a credential of another system
    ),
    Model("custom_agent_role", "/api/v2/custom_roles", "custom_roles", Paging.NONE),
    Model("trigger", "/api/v2/triggers", "triggers", _LIST),
    Model("automation", "/api/v2/automations", "automations", _LIST),
)
"""All rows, every run. These are exported by default, as the next are."""

_TICKET = Model(
    "ticket",
    "/api/v2/incremental/tickets/cursor",
    "tickets",
    Paging.EXPORT_CURSOR,
    clock="generated_timestamp",  # system updates leave updated_at alone
    left_out=frozenset({"fields"}),  # the same as custom_fields
    by_support_type=True,
)

INCREMENTAL_MODELS = (
    _TICKET,
    Model("user", "/api/v2/incremental/users/cursor", "users", Paging.EXPORT_CURSOR),
    Model("organization", "/api/v2/incremental/organizations", "organizations", Paging.EXPORT_TIME),
    Model("nps_recipient", "/api/v2/nps/incremental/recipients", "recipients", Paging.EXPORT_TIME),
    Model("nps_response", "/api/v2/nps/incremental/responses", "responses", Paging.EXPORT_TIME),
)
"""What changed since the cursor."""

_TICKET_EVENT = Model(
    "ticket_event",
    "/api/v2/incremental/ticket_events",
    "ticket_events",
    Paging.EXPORT_TIME,
    clock="created_at",
    query=(("include", "comment_events"),),  # otherwise a comment is only told of
    by_support_type=True,
)
_OF_TICKET_EVENT = (("ticket_id", "ticket_id"), ("ticket_event_id", "id"), ("timestamp", "timestamp"))

FURTHER_MODELS = (
    Model(
        "organization_subscription",
        "/api/v2/organization_subscriptions",
        "organization_subscriptions",
        _LIST,
        clock="created_at",
    ),
    Model("brand_agent", "/api/v2/brand_agents", "brand_agents", _LIST),
    Model("trigger_category", "/api/v2/trigger_categories", "trigger_categories", _LIST),
    Model("group_sla_policy", "/api/v2/group_slas/policies", "group_sla_policies", Paging.NEXT_PAGE),
    Model("schedule", "/api/v2/business_hours/schedules", "schedules", Paging.NONE),
    Model(
        "schedule_holiday",
        "/api/v2/business_hours/schedules/{schedule_id}/holidays",
        "holidays",
        Paging.NONE,
        clock="start_date",
        parent=Parent("schedule", "schedule_id"),
    ),
    Model("satisfaction_reason", "/api/v2/satisfaction_reasons", "reasons", Paging.NONE),
    Model(
        "survey_response",
        "/api/v2/guide/survey_responses",
        "survey_responses",
        _LIST,
        largest_page=50,  # 400 above (producer-zendesk, read 27 November 2026)
    ),
    Model("tag", "/api/v2/tags", "tags", _LIST, key="name"),
    Model("custom_status", "/api/v2/custom_statuses", "custom_statuses", Paging.NONE),
    Model("ticket_form_status", "/api/v2/ticket_form_statuses", "ticket_form_statuses", Paging.NONE),
    Model("deleted_ticket", "/api/v2/deleted_tickets", "deleted_tickets", _LIST, clock="deleted_at"),
    Model("deleted_user", "/api/v2/deleted_users", "deleted_users", _LIST),
    Model("locale", "/api/v2/locales", "locales", Paging.NONE),
    Model(
        "workspace",
        "/api/v2/workspaces",
        "workspaces",
        Paging.NEXT_PAGE,
        left_out=frozenset({"selected_macros"}),  # whole macros; macro_ids tells which
    ),
    Model("routing_attribute", "/api/v2/routing/attributes", "attributes", Paging.NEXT_PAGE),
    Model("routing_queue", "/api/v2/queues", "queues", Paging.NONE),
    Model("custom_object", "/api/v2/custom_objects", "custom_objects", Paging.NONE, key="key"),
    Model("job_status", "/api/v2/job_statuses", "job_statuses", _LIST),
    Model("target_failure", "/api/v2/target_failures", "target_failures", Paging.NONE, clock="created_at"),
    Model("resource_collection", "/api/v2/resource_collections", "resource_collections", Paging.NONE),
    Model(
        "email_notification",
        "/api/v2/email_notifications",
        "email_notifications",
        _LIST,
        key="notification_id",
    ),
    Model("deletion_schedule", "/api/v2/deletion_schedules", "deletion_schedules", Paging.NONE),
    Model(
        "ticket_metric_event",
        "/api/v2/incremental/ticket_metric_events",
        "ticket_metric_events",
        Paging.EXPORT_TIME,
        clock="time",
        query=(("include_changes", "true"),),  # events that were changed or deleted afterwards, too
    ),
    _TICKET_EVENT,
    _part(
        _TICKET_EVENT,
        "ticket_comment",
        clock="created_at",
        part=Part(
            "ticket_event",
            "child_events",
            event_types=frozenset({"Comment", "VoiceComment"}),
            as_text=frozenset({"via_reference_id"}),
            taken=_OF_TICKET_EVENT,
        ),
    ),
    _part(
        _TICKET_EVENT,
        "ticket_field_history",
        clock="created_at",
        part=Part(
            "ticket_event",
            "child_events",
            event_types=frozenset({"Create", "Change"}),
            by_field=True,
            as_text=frozenset({"value", "previous_value", "via", "via_reference_id"}),
            taken=(*_OF_TICKET_EVENT, ("created_at", "created_at"), ("updater_id", "updater_id")),
        ),
    ),
    _part(
        _TICKET,
        "ticket_metric_set",
        clock="generated_timestamp",
        part=Part(
            "ticket",
            "metric_set",
            taken=(("ticket_id", "id"), ("generated_timestamp", "generated_timestamp")),
            include="metric_sets",
        ),
    ),
    Model(
        "custom_object_record",
        "/api/v2/incremental/custom_objects/{custom_object_key}/cursor",
        "custom_object_records",
        Paging.EXPORT_CURSOR,
        parent=Parent("custom_object", "custom_object_key"),
    ),
    Model(
        "audit_log",
        "/api/v2/audit_logs",
        "audit_logs",
        _LIST,
        clock="created_at",
        query=(("sort", "created_at"),),
        window=Window("filter[created_at][]", "filter[created_at][]", days=366, in_order=True),
    ),
    Model(
        "satisfaction_rating",
        "/api/v2/satisfaction_ratings",
        "satisfaction_ratings",
        _LIST,
        window=Window("start_time", "end_time", days=30, in_seconds=True),
    ),
    Model(
        "access_log",
        "/api/v2/access_logs",
        "access_logs",
        _LIST,
        clock="timestamp",
        largest_page=2500,
        window=Window("filter[start]", "filter[end]", days=366, in_order=True),
    ),
    Model(
        "side_conversation_event",
        "/api/v2/tickets/side_conversations/events",
        "events",
        Paging.EXPORT_TIME,
        clock="created_at",
    ),
    Model(
        "routing_attribute_event",
        "/api/v2/incremental/routing/attributes",
        "attributes",
        Paging.EXPORT_NEXT,
        clock="time",
    ),
    Model(
        "chat",
        "/api/v2/chat/incremental/chats",
        "chats",
        Paging.EXPORT_NEXT,
        clock="update_timestamp",
        query=(("fields", "chats(*)"), ("limit", "1000")),
    ),
    Model("article", "/api/v2/help_center/incremental/articles", "articles", Paging.EXPORT_TIME),
    Model("call", "/api/v2/channels/voice/stats/incremental/calls", "calls", Paging.EXPORT_TIME),
    Model("call_leg", "/api/v2/channels/voice/stats/incremental/legs", "legs", Paging.EXPORT_TIME),
)
"""Bulk and incremental ones that are off unless they are named: the replaced system did not have them."""

LEGACY_MODELS = ("nps_recipient", "nps_response")
"""Zendesk's present documents no longer know them; most accounts answer 404."""

MODELS = {model.name: model for model in (*BULK_MODELS, *INCREMENTAL_MODELS, *FURTHER_MODELS)}
ALL_BULK_MODELS = tuple(model for model in MODELS.values() if not model.is_incremental)
ALL_INCREMENTAL_MODELS = tuple(model for model in MODELS.values() if model.is_incremental)
