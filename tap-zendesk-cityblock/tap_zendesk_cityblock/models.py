"""The models, one row each. Each has a schema file of the same name in schemas/.

Plans, add-ons, scopes and notes are from Zendesk's documentation, read in November 2026; docs/models.md shows them.
"""

from __future__ import annotations

from tap_zendesk_cityblock.fallback_records import deleted_ticket, deleted_user, listed_ticket
from tap_zendesk_cityblock.model_types import (
    DeletionStub,
    Derivation,
    Model,
    Paging,
    Parent,
    Partition,
    Source,
    SourceStrategy,
    Window,
)

_LIST = Paging.LIST_CURSOR

BULK_MODELS = (
    Model(
        "group",
        "/api/v2/groups",
        "groups",
        _LIST,
        query=(("exclude_deleted", "false"),),
        scope="groups:read",
    ),
    Model("user_field", "/api/v2/user_fields", "user_fields", _LIST),
    Model("macro", "/api/v2/macros", "macros", _LIST),
    Model("organization_membership", "/api/v2/organization_memberships", "organization_memberships", _LIST),
    Model("organization_field", "/api/v2/organization_fields", "organization_fields", _LIST),
    Model(
        "suspended_ticket",
        "/api/v2/suspended_tickets",
        "suspended_tickets",
        _LIST,
        ticket="ticket_id",
        users=("author.id",),
        addresses=("author.email",),
    ),
    Model("brand", "/api/v2/brands", "brands", _LIST, scope="brands:read"),
    Model("sharing_agreement", "/api/v2/sharing_agreements", "sharing_agreements", Paging.NONE),
    Model(
        "ticket_skip",
        "/api/v2/skips",
        "skips",
        _LIST,
        left_out=frozenset({"ticket"}),
        note="Without archived tickets",
        ticket="ticket_id",
    ),
    Model(
        "activity",
        "/api/v2/activities",
        "activities",
        _LIST,
        left_out=frozenset({"user", "actor"}),
        note="The last 30 days",
        ticket="target.ticket.id",
        users=("user_id", "actor_id"),
    ),
    Model("group_membership", "/api/v2/group_memberships", "group_memberships", _LIST),
    Model(
        "ticket_metric",
        "/api/v2/ticket_metrics",
        "ticket_metrics",
        _LIST,
        note="Without archived tickets; ticket_metric_set has them",
    ),
    Model("ticket_field", "/api/v2/ticket_fields", "ticket_fields", _LIST, scope="account_settings:read"),
    Model("ticket_form", "/api/v2/ticket_forms", "ticket_forms", Paging.NONE, plan="Growth"),
    Model("view", "/api/v2/views", "views", _LIST),
    Model("sla_policy", "/api/v2/slas/policies", "sla_policies", Paging.NEXT_PAGE, plan="Professional"),
    Model("support_address", "/api/v2/recipient_addresses", "recipient_addresses", _LIST),
    Model("dynamic_content", "/api/v2/dynamic_content/items", "items", _LIST),
    Model(
        "target",
        "/api/v2/targets",
        "targets",
        Paging.NONE,
        clock="created_at",
        left_out=frozenset({"password"}),  # a credential of another system
        scope="targets:read",
        note="URL and branded targets ended on 28 October 2024; email targets remain",
    ),
    Model("custom_agent_role", "/api/v2/custom_roles", "custom_roles", Paging.NONE, plan="Enterprise"),
    Model("trigger", "/api/v2/triggers", "triggers", _LIST, scope="triggers:read"),
    Model("automation", "/api/v2/automations", "automations", _LIST, scope="automations:read"),
)
"""Read in full every run, by default."""

_TICKET = Model(
    "ticket",
    "/api/v2/incremental/tickets/cursor",
    "tickets",
    Paging.EXPORT_CURSOR,
    clock="generated_timestamp",  # system updates leave updated_at alone
    compared=frozenset({"subject"}),  # by which a scrubbed ticket is known
    partition=Partition("ids", "id"),
    left_out=frozenset({"fields"}),  # the same as custom_fields
    by_support_type=True,
    is_deleted="status = 'deleted'",
    deletion_stub=DeletionStub("created_at is not null", ("status", "updated_at", "generated_timestamp")),
    fallback=(
        Source("list", "/api/v2/tickets", "tickets", SourceStrategy.SORTED, as_exported=listed_ticket),
        Source(
            "deleted",
            "/api/v2/deleted_tickets",
            "deleted_tickets",
            SourceStrategy.SORTED,
            clock="deleted_at",
            as_exported=deleted_ticket,
        ),
        Source(
            "archived", "/api/v2/search/export", "results", SourceStrategy.SEARCHED, as_exported=listed_ticket
        ),
    ),
    is_searchable=True,
    ticket="id",
    participants=("requester_id", "submitter_id"),
    others=("assignee_id", "collaborator_ids[]", "follower_ids[]", "email_cc_ids[]"),
    with_names=frozenset({"satisfaction_rating"}),
    scope="tickets:read",
)

INCREMENTAL_MODELS = (
    _TICKET,
    Model(
        "user",
        "/api/v2/incremental/users/cursor",
        "users",
        Paging.EXPORT_CURSOR,
        compared=frozenset({"email", "external_id"}),
        partition=Partition("hash"),
        is_deleted="not active",
        deletion_stub=DeletionStub(
            "verified is not null or ifnull(permanently_deleted, false)",
            ("active", "email", "name", "phone", "photo", "updated_at"),
        ),
        fallback=(
            Source("list", "/api/v2/users", "users", SourceStrategy.SORTED),
            Source(
                "deleted",
                "/api/v2/deleted_users",
                "deleted_users",
                SourceStrategy.WHOLE,
                as_exported=deleted_user,
            ),
        ),
        is_searchable=True,
        scope="users:read",
        users=("id",),
    ),
    Model(
        "organization",
        "/api/v2/incremental/organizations",
        "organizations",
        Paging.EXPORT_TIME,
        is_deleted="deleted_at is not null",
        fallback=(Source("list", "/api/v2/organizations", "organizations", SourceStrategy.SORTED),),
        is_searchable=True,
        scope="organizations:read",
    ),
    Model(
        "nps_recipient",
        "/api/v2/nps/incremental/recipients",
        "recipients",
        Paging.EXPORT_TIME,
        is_retired=True,
        note="NPS surveys ended on 30 April 2023",
        users=("user_id",),
    ),
    Model(
        "nps_response",
        "/api/v2/nps/incremental/responses",
        "responses",
        Paging.EXPORT_TIME,
        is_retired=True,
        note="NPS surveys ended on 30 April 2023",
        users=("user_id",),
    ),
)
"""Read from the bookmark on, by default."""

_TICKET_EVENT = Model(
    "ticket_event",
    "/api/v2/incremental/ticket_events",
    "ticket_events",
    Paging.EXPORT_TIME,
    clock="created_at",
    partition=Partition("day", "created_at"),
    query=(("include", "comment_events"),),  # otherwise only the fact of a comment
    by_support_type=True,
    scope="tickets:read",
    ticket="ticket_id",
    goes_with_ticket=True,
    participants=("updater_id",),
    with_names=frozenset({"child_events"}),
)
_IMPERSONAL_FIELDS = ", ".join(
    f"'{name}'"
    for name in (
        "status", "custom_status_id", "type", "priority", "assignee_id", "group_id", "organization_id", "brand_id",
        "ticket_form_id", "new_schedule_id", "previous_schedule_id"
    )
)  # fmt: skip
_OF_TICKET_EVENT = (("ticket_id", "ticket_id"), ("ticket_event_id", "id"), ("timestamp", "timestamp"))

OPT_IN_MODELS = (
    Model(
        "organization_subscription",
        "/api/v2/organization_subscriptions",
        "organization_subscriptions",
        _LIST,
        clock="created_at",
    ),
    Model("brand_agent", "/api/v2/brand_agents", "brand_agents", _LIST, plan="Multiple brands"),
    Model("trigger_category", "/api/v2/trigger_categories", "trigger_categories", _LIST),
    Model(
        "group_sla_policy",
        "/api/v2/group_slas/policies",
        "group_sla_policies",
        Paging.NEXT_PAGE,
        plan="Enterprise",
    ),
    Model("schedule", "/api/v2/business_hours/schedules", "schedules", Paging.NONE, plan="Professional"),
    Model(
        "schedule_holiday",
        "/api/v2/business_hours/schedules/{schedule_id}/holidays",
        "holidays",
        Paging.NONE,
        clock="start_date",
        parent=Parent("schedule", "schedule_id"),
        plan="Professional",
    ),
    Model(
        "satisfaction_reason",
        "/api/v2/satisfaction_reasons",
        "reasons",
        Paging.NONE,
        plan="Customer satisfaction (CSAT)",
    ),
    Model(
        "survey_response",
        "/api/v2/guide/survey_responses",
        "survey_responses",
        _LIST,
        largest_page=50,  # HTTP 400 above that (useairfoil/typescript-sdk, read on 27 November 2026)
        plan="Customer satisfaction (CSAT)",
        note="Accounts with the legacy survey have satisfaction_rating instead",
        users=("responder_id",),
    ),
    Model(
        "csat_survey",
        "/api/v2/guide/en-us/surveys",  # the locale of texts that the account translates
        "surveys",
        _LIST,
        largest_page=50,
        plan="Customer satisfaction (CSAT)",
        note="The questions that survey_response has answers to; translated texts in en-us",
    ),
    Model(
        "tag", "/api/v2/tags", "tags", _LIST, key="name", note="The 20,000 most used tags of the last 60 days"
    ),
    Model("custom_status", "/api/v2/custom_statuses", "custom_statuses", Paging.NONE),
    Model("ticket_form_status", "/api/v2/ticket_form_statuses", "ticket_form_statuses", Paging.NONE),
    Model(
        "deleted_ticket",
        "/api/v2/deleted_tickets",
        "deleted_tickets",
        _LIST,
        clock="deleted_at",
        note="The last 30 days, without archived tickets",
        ticket="id",
        participants=("actor.id",),
    ),
    Model("deleted_user", "/api/v2/deleted_users", "deleted_users", _LIST, users=("id",)),
    Model("locale", "/api/v2/locales", "locales", Paging.NONE),
    Model(
        "workspace",
        "/api/v2/workspaces",
        "workspaces",
        Paging.NEXT_PAGE,
        left_out=frozenset({"selected_macros"}),  # whole macros; macro_ids has their IDs
        plan="Enterprise",
    ),
    Model(
        "routing_attribute",
        "/api/v2/routing/attributes",
        "attributes",
        Paging.NEXT_PAGE,
        plan="Enterprise, skills-based routing",
    ),
    Model("routing_queue", "/api/v2/queues", "queues", Paging.NONE, plan="Omnichannel routing"),
    Model(
        "custom_object",
        "/api/v2/custom_objects",
        "custom_objects",
        Paging.NONE,
        key="key",
        plan="Custom objects",
    ),
    Model("job_status", "/api/v2/job_statuses", "job_statuses", _LIST, note="Recent jobs only"),
    Model(
        "target_failure",
        "/api/v2/target_failures",
        "target_failures",
        Paging.NONE,
        clock="created_at",
        note="URL and branded targets ended on 28 October 2024",
    ),
    Model("resource_collection", "/api/v2/resource_collections", "resource_collections", Paging.NONE),
    Model(
        "email_notification",
        "/api/v2/email_notifications",
        "email_notifications",
        _LIST,
        key="notification_id",
        ticket="ticket_id",
        participants=("recipients[].user_id",),
        addresses=("recipients[].email_address",),
    ),
    Model("deletion_schedule", "/api/v2/deletion_schedules", "deletion_schedules", Paging.NONE),
    Model(
        "ticket_metric_event",
        "/api/v2/incremental/ticket_metric_events",
        "ticket_metric_events",
        Paging.EXPORT_TIME,
        clock="time",
        partition=Partition("day", "time"),
        query=(("include_changes", "true"),),  # events that were changed or deleted afterwards, too
        is_deleted="ifnull(deleted, false)",
    ),
    _TICKET_EVENT,
    _TICKET_EVENT.derive(
        "ticket_comment",
        clock="created_at",
        partition=Partition("day", "created_at"),
        goes_with_ticket=True,
        participants=("author_id",),
        derivation=Derivation(
            "ticket_event",
            "child_events",
            event_types=frozenset({"Comment", "VoiceComment"}),
            as_text=frozenset({"via_reference_id"}),
            copied=_OF_TICKET_EVENT,
        ),
    ),
    _TICKET_EVENT.derive(
        "ticket_attachment",
        clock="updated_at",
        partition=Partition("ids", "ticket_id"),
        goes_with_ticket=True,
        participants=("author_id",),
        derivation=Derivation(
            "ticket_event",
            "child_events",
            event_types=frozenset({"Comment", "VoiceComment", "AttachmentRedactionEvent"}),
            of_attachments=True,
            as_text=frozenset({"height", "width"}),
            copied=(("ticket_id", "ticket_id"), ("ticket_event_id", "id"), ("updated_at", "created_at")),
        ),
    ),
    _TICKET_EVENT.derive(
        "ticket_field_history",
        clock="created_at",
        compared=frozenset({"value"}),
        partition=Partition("day", "created_at"),
        goes_with_ticket=True,
        kept_of_scrubbed=f"field_name in ({_IMPERSONAL_FIELDS})",
        participants=("updater_id",),
        derivation=Derivation(
            "ticket_event",
            "child_events",
            event_types=frozenset({"Create", "Change", "ScheduleAssignment"}),
            by_field=True,
            as_text=frozenset({"value", "previous_value", "via", "via_reference_id"}),
            copied=(*_OF_TICKET_EVENT, ("created_at", "created_at"), ("updater_id", "updater_id")),
        ),
    ),
    _TICKET.derive(
        "ticket_metric_set",
        clock="generated_timestamp",
        partition=Partition("ids", "ticket_id"),
        derivation=Derivation(
            "ticket",
            "metric_set",
            copied=(("ticket_id", "id"), ("generated_timestamp", "generated_timestamp")),
            include="metric_sets",
        ),
    ),
    Model(
        "user_identity",
        "/api/v2/incremental/users/cursor",
        "identities",
        Paging.EXPORT_CURSOR,
        partition=Partition("hash"),
        query=(("include", "identities"),),
        scope="users:read",
        note="By requests of its own, as many as user needs. Identities that were removed stay",
        users=("user_id",),
    ),
    Model(
        "custom_object_record",
        "/api/v2/incremental/custom_objects/{custom_object_key}/cursor",
        "custom_object_records",
        Paging.EXPORT_CURSOR,
        partition=Partition("hash"),
        parent=Parent("custom_object", "custom_object_key"),
        compared=frozenset({"name"}),
        is_deleted="ifnull(name = '[DELETED]', false)",
        plan="Custom objects",
    ),
    Model(
        "audit_log",
        "/api/v2/audit_logs",
        "audit_logs",
        _LIST,
        clock="created_at",
        partition=Partition("day", "created_at"),
        query=(("sort", "created_at"),),
        window=Window("filter[created_at][]", "filter[created_at][]", days=366, in_order=True),
        plan="Enterprise",
        scope="auditlogs:read",
        users=("actor_id", "source_id?source_type = 'user'"),
    ),
    Model(
        "satisfaction_rating",
        "/api/v2/satisfaction_ratings",
        "satisfaction_ratings",
        _LIST,
        partition=Partition("day", "created_at"),
        window=Window("start_time", "end_time", days=30, in_seconds=True),
        plan="Customer satisfaction (CSAT), legacy",
        note="Accounts with the new surveys have survey_response instead",
        ticket="ticket_id",
        users=("requester_id",),
        goes_with_ticket=True,
    ),
    Model(
        "access_log",
        "/api/v2/access_logs",
        "access_logs",
        _LIST,
        clock="timestamp",
        partition=Partition("day", "timestamp"),
        largest_page=2500,
        window=Window("filter[start]", "filter[end]", days=366, in_order=True),
        plan="Advanced Data Privacy and Protection add-on",
        users=("user_id",),
    ),
    Model(
        "side_conversation_event",
        "/api/v2/tickets/side_conversations/events",
        "events",
        Paging.EXPORT_TIME,
        clock="created_at",
        partition=Partition("day", "created_at"),
        plan="Collaboration add-on",
        ticket="ticket_id",
        participants=("actor.user_id", "message.from.user_id", "message.to[].user_id"),
        addresses=("actor.email", "message.from.email", "message.to[].email"),
        with_names=frozenset({"message"}),
        goes_with_ticket=True,
    ),
    Model(
        "routing_attribute_event",
        "/api/v2/incremental/routing/attributes",
        "attributes",
        Paging.EXPORT_NEXT,
        clock="time",
        is_deleted="type = 'delete'",
        plan="Enterprise, skills-based routing",
    ),
    Model(
        "chat",
        "/api/v2/chat/incremental/chats",
        "chats",
        Paging.EXPORT_NEXT,
        clock="update_timestamp",
        partition=Partition("day", "timestamp"),
        query=(("fields", "chats(*)"), ("limit", "1000")),
        plan="Chat",
        ticket="zendesk_ticket_id",
        addresses=("visitor.email",),
        with_names=frozenset({"comment", "engagements", "history"}),
        goes_with_ticket=True,
    ),
    Model(
        "article",
        "/api/v2/help_center/incremental/articles",
        "articles",
        Paging.EXPORT_TIME,
        plan="Guide",
        scope="hc:read",
    ),
    Model(
        "call",
        "/api/v2/channels/voice/stats/incremental/calls",
        "calls",
        Paging.EXPORT_TIME,
        partition=Partition("day", "created_at"),
        plan="Talk",
        ticket="ticket_id",
        users=("customer_id",),
        participants=("agent_id",),
    ),
    Model(
        "call_leg",
        "/api/v2/channels/voice/stats/incremental/legs",
        "legs",
        Paging.EXPORT_TIME,
        partition=Partition("day", "created_at"),
        plan="Talk",
        users=("user_id", "agent_id"),
    ),
)
"""Bulk and incremental models that are exported only if the settings name them. The legacy system did not have them."""

METRICS = frozenset(
    {
        "group",
        "schedule",
        "schedule_holiday",
        "sla_policy",
        "ticket",
        "ticket_comment",
        "ticket_event",
        "ticket_field_history",
        "ticket_metric_event",
        "ticket_metric_set",
        "user",
    }
)
"""Names of the models that the views in transform/models/metrics read, or that name what these views have ids of."""

UNKNOWN_PROPERTIES = "_unknown_properties"
"""The column of models in the setting `keep_unknown_properties`."""

MODELS = {model.name: model for model in (*BULK_MODELS, *INCREMENTAL_MODELS, *OPT_IN_MODELS)}
ALL_BULK_MODELS = tuple(model for model in MODELS.values() if not model.is_incremental)
ALL_INCREMENTAL_MODELS = tuple(model for model in MODELS.values() if model.is_incremental)
