"""What each column is, in Zendesk's words, and which are about a person.

The only such table: the tap hands it on with its schemas, target-bigquery sets policy tags by it,
transform/make_models.py writes it into dbt's documentation. A column that is not in it is an error.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["name", "contact", "identifier", "picture", "text", "values"]
"""Of a personal column. `identifier`: known outside Zendesk, unlike Zendesk's own ids, by which tables are joined.
`text`: written by people, who may write anything. `values`: of fields and tags that an account makes up itself."""

MARK = "x-sql-datatype-properties"
"""Beside `description` in a JSON schema: `{"personal": kind}`; absent: not personal. The SDK hands no other word on."""


@dataclasses.dataclass(frozen=True)
class Personal:
    """A column with what is known of a person, or may be."""

    kind: Kind
    description: str


Column = str | Personal

EVERY_MODEL: dict[str, Column] = {
    "id": "Zendesk's id",
    "url": "Where Zendesk's API serves it",
    "created_at": "When it was created",
    "updated_at": "When it was last updated",
    "_export_id": "The export that brought the row",
    "_exported_at": "When that export began",
}

# Rules (automations, macros, triggers, views), forms and fields are written by administrators, for all tickets: what
# stands in them is about nobody.
COLUMNS: dict[str, dict[str, Column]] = {
    "activity": {
        "actor_id": "The user who did it",
        "object": Personal("text", "What it was done with: a ticket, a comment"),
        "target": Personal("text", "What it was done to, usually a ticket"),
        "title": Personal("text", "The activity in a sentence, which names people and tickets"),
        "user_id": "The agent whose activity stream it is in",
        "verb": "What was done, such as tickets.assignment, tickets.comment, tickets.priority_increase",
    },
    "automation": {
        "actions": "What it does to a ticket: fields and the values they get",
        "active": "Whether it runs",
        "conditions": "Under what conditions it runs: all and any",
        "default": "Whether it is one of Zendesk's own",
        "position": "Its place among the automations, which run in this order",
        "raw_title": "The title, with the placeholder of dynamic content where there is one",
        "title": "The title",
    },
    "brand": {
        "active": "Whether it is in use",
        "brand_url": "The brand's URL",
        "default": "Whether tickets without a brand get this one",
        "has_help_center": "Whether it has a help center",
        "help_center_state": "The help center's state: enabled, disabled or restricted",
        "host_mapping": "The host name that leads to it, if it has its own",
        "is_deleted": "Whether Zendesk shows it as deleted",
        "logo": "The logo, an attachment",
        "name": "The brand's name",
        "signature_template": "The template of signatures in e-mail",
        "subdomain": "The brand's subdomain",
        "ticket_form_ids": "The ticket forms it offers",
    },
    "custom_agent_role": {
        "configuration": "What agents of the role may do",
        "description": "What the role is for",
        "name": "The role's name",
        "role_type": "Zendesk's number of the kind of role",
        "team_member_count": "How many agents have it",
    },
    "dynamic_content": {
        "default_locale_id": "The language it is shown in where there is no variant",
        "name": "The item's name",
        "outdated": "Whether the default variant is newer than another",
        "placeholder": "By which texts refer to it",
        "variants": "The texts, one a language",
    },
    "group": {
        "default": "Whether agents without a group get this one",
        "deleted": "Whether it is deleted",
        "description": "What the group is for",
        "is_public": "Whether agents outside it may see it",
        "name": "The group's name",
    },
    "group_membership": {
        "default": "Whether tickets assigned to the agent go to this group",
        "group_id": "The group",
        "user_id": "The agent",
    },
    "macro": {
        "actions": "What it does to a ticket: fields and the values they get",
        "active": "Whether agents are offered it",
        "default": "Whether it is one of Zendesk's own",
        "description": "What the macro is for",
        "position": "Its place in the list",
        "raw_title": "The title, with the placeholder of dynamic content where there is one",
        "restriction": "Which agents may use it; null: all",
        "title": "The title",
    },
    "nps_recipient": {
        "delivered_at": "When the survey was delivered",
        "delivery_id": "The delivery",
        "error_messages": Personal("text", "Why it could not be delivered"),
        "survey_id": "The survey",
        "survey_name": "The survey's name",
        "user_id": "The user who was asked",
    },
    "nps_response": {
        "comment": Personal("text", "What the user wrote"),
        "delivery_id": "The delivery",
        "rated_at": "When the user rated",
        "rating": "The rating, 0 to 10",
        "reason": Personal("text", "The reason the user gave"),
        "recipient_id": "The recipient",
        "survey_id": "The survey",
        "survey_name": "The survey's name",
        "user_id": "The user who answered",
    },
    "organization": {
        "deleted_at": "When it was deleted; null: it was not",
        "details": Personal("text", "Details, such as the address"),
        "domain_names": Personal("contact", "E-mail domains and addresses whose users belong to it"),
        "external_id": Personal("identifier", "Its id in another system"),
        "group_id": "The group that gets its users' new tickets",
        "name": Personal("name", "The organization's name"),
        "notes": Personal("text", "Notes about it"),
        "organization_fields": Personal("values", "Values of the account's own organization fields"),
        "shared_comments": "Whether its end users may comment on each other's tickets",
        "shared_tickets": "Whether its end users may see each other's tickets",
        "tags": Personal("values", "The organization's tags"),
    },
    "organization_field": {
        "active": "Whether it is in use",
        "custom_field_options": "The options of a drop-down",
        "description": "What the field is for",
        "key": "Its key in organization_fields",
        "position": "Its place among the fields",
        "raw_description": "The description, with the placeholder of dynamic content where there is one",
        "raw_title": "The title, with the placeholder of dynamic content where there is one",
        "regexp_for_validation": "The regular expression that values match, for fields of type regexp",
        "relationship_filter": "Which objects a lookup field may lead to",
        "relationship_target_type": "What a lookup field leads to",
        "system": "Whether it is one of Zendesk's own",
        "tag": "The tag that a ticked checkbox adds",
        "title": "The title",
        "type": "The field's type",
    },
    "organization_membership": {
        "default": "Whether it is the user's default organization",
        "organization_id": "The organization",
        "organization_name": Personal("name", "The organization's name"),
        "user_id": "The user",
        "view_tickets": "Whether the user may see the organization's tickets",
    },
    "sharing_agreement": {
        "name": "The agreement's name",
        "partner_name": "The partner's product, such as jira; null for another Zendesk account",
        "remote_subdomain": "The other account's subdomain",
        "status": "Where it stands: accepted, declined, pending, inactive",
        "type": "inbound or outbound",
    },
    "sla_policy": {
        "description": "What the policy is for",
        "filter": "Which tickets it applies to: all and any",
        "metric_settings": "How its metrics are measured",
        "policy_metrics": "The targets, one a priority and metric",
        "position": "Its place among the policies, the first that applies wins",
        "title": "The title",
    },
    "support_address": {
        "brand_id": "The brand of tickets that come in by it",
        "cname_status": "Whether the CNAME records are right",
        "default": "Whether it is the account's default address",
        "dns_results": "Whether the DNS records are right",
        "domain_verification_code": "The code that the domain's owner publishes",
        "domain_verification_status": "Whether the domain is verified",
        "email": "The account's own address, to which people write",
        "forwarding_status": "Whether mail is forwarded to Zendesk",
        "name": "The name shown beside it",
        "spf_status": "Whether the SPF record is right",
    },
    "suspended_ticket": {
        "attachments": Personal("text", "The files that came with it"),
        "author": Personal("name", "Who wrote it: id, name, e-mail address"),
        "brand_id": "The brand",
        "cause": "Why it was suspended",
        "cause_id": "Zendesk's number of the cause",
        "content": Personal("text", "What was written"),
        "error_messages": Personal("text", "What went wrong"),
        "message_id": Personal("identifier", "The e-mail's Message-ID"),
        "recipient": Personal("contact", "The address it was sent to"),
        "subject": Personal("text", "The subject"),
        "ticket_id": "The ticket it would be added to",
        "via": Personal("contact", "How it came in: channel, and from whom to whom"),
    },
    "target": {
        "active": "Whether it is in use",
        "attribute": "The name of the parameter that carries the message",
        "content_type": "The content type of what is sent",
        "email": Personal("contact", "The address that messages are sent to"),
        "method": "The HTTP method",
        "subject": "The template of the subject",
        "target_url": "The URL that messages are sent to",
        "title": "The title",
        "type": "The target's type, such as email_target or http_target",
    },
    "ticket": {
        "allow_attachments": "Whether agents may attach files",
        "allow_channelback": "Whether agents may answer through the channel it came by",
        "assignee_id": "The agent it is assigned to",
        "brand_id": "The brand",
        "collaborator_ids": "The users who are copied: e-mail CCs and followers",
        "custom_fields": Personal("values", "Values of the account's own ticket fields"),
        "custom_status_id": "The custom ticket status",
        "description": Personal("text", "The first comment"),
        "due_at": "When a ticket of type task is due",
        "email_cc_ids": "The users who are copied by e-mail",
        "encoded_id": "The id by which e-mail threads know it",
        "external_id": Personal("identifier", "Its id in another system"),
        "follower_ids": "The agents who follow it",
        "followup_ids": "The tickets that follow it up, once it is closed",
        "followup_source_id": "The closed ticket that it follows up",
        "forum_topic_id": "The forum topic it came from",
        "from_messaging_channel": "Whether it came by a messaging channel",
        "generated_timestamp": "Seconds since 1970 of its last version, changes by Zendesk itself included",
        "group_id": "The group it is assigned to",
        "has_incidents": "Whether incidents are linked to it, a problem",
        "is_public": "Whether it has a public comment",
        "organization_id": "The requester's organization",
        "priority": "urgent, high, normal or low",
        "problem_id": "The problem that it, an incident, is linked to",
        "raw_subject": Personal("text", "The subject, with the placeholder of dynamic content where there is one"),
        "recipient": Personal("contact", "The address it was sent to"),
        "requester_id": "The user who asks",
        "satisfaction_rating": Personal("text", "The requester's rating, with the comment"),
        "sharing_agreement_ids": "The agreements it is shared by",
        "status": "new, open, pending, hold, solved, closed or deleted",
        "subject": Personal("text", "The subject"),
        "submitter_id": "The user who entered it",
        "support_type": "Who answers: agent or ai_agent",
        "tags": Personal("values", "The ticket's tags"),
        "ticket_form_id": "The ticket form",
        "type": "problem, incident, question or task",
        "via": Personal("contact", "How it came in: channel, and from whom to whom"),
    },
    "ticket_field": {
        "active": "Whether it is in use",
        "agent_can_edit": "Whether agents may change it",
        "agent_description": "What agents are told of it",
        "collapsed_for_agents": "Whether agents see it folded",
        "creator_app_name": "The app that made it",
        "creator_user_id": "The user who made it; -1: an app",
        "custom_field_options": "The options of a drop-down or multi-select",
        "custom_statuses": "The account's statuses, for the status field",
        "description": "What end users are told of it",
        "editable_in_portal": "Whether end users may change it",
        "key": "Its key, where it has one",
        "position": "Its place among the fields",
        "raw_description": "The description, with the placeholder of dynamic content where there is one",
        "raw_title": "The title, with the placeholder of dynamic content where there is one",
        "raw_title_in_portal": "The title for end users, with the placeholder where there is one",
        "regexp_for_validation": "The regular expression that values match, for fields of type regexp",
        "relationship_filter": "Which objects a lookup field may lead to",
        "relationship_target_type": "What a lookup field leads to",
        "removable": "Whether it can be removed; Zendesk's own cannot",
        "required": "Whether agents have to fill it in before a ticket is solved",
        "required_in_portal": "Whether end users have to fill it in",
        "sub_type_id": "Which values the priority or status field has",
        "system_field_options": "The options of a field of Zendesk's own",
        "tag": "The tag that a ticked checkbox adds",
        "title": "The title",
        "title_in_portal": "The title for end users",
        "type": "The field's type",
        "visible_in_portal": "Whether end users see it",
    },
    "ticket_form": {
        "active": "Whether it is in use",
        "agent_conditions": "When agents see which fields",
        "default": "Whether tickets without a form get this one",
        "deleted_at": "When it was deleted; null: it was not",
        "display_name": "The name for end users",
        "end_user_conditions": "When end users see which fields",
        "end_user_visible": "Whether end users see it",
        "in_all_brands": "Whether every brand offers it",
        "name": "The form's name",
        "position": "Its place among the forms",
        "raw_display_name": "The name for end users, with the placeholder of dynamic content where there is one",
        "raw_name": "The name, with the placeholder of dynamic content where there is one",
        "restricted_brand_ids": "The brands that offer it",
        "ticket_field_ids": "Its fields, in order",
    },
    "ticket_metric": {
        "agent_wait_time_in_minutes": "Minutes an agent waited, in business and in calendar hours",
        "assigned_at": "When the ticket was last assigned",
        "assignee_stations": "How many assignees it had",
        "assignee_updated_at": "When the assignee last updated it",
        "custom_status_updated_at": "When its custom status last changed",
        "first_resolution_time_in_minutes": "Minutes until it was first solved",
        "full_resolution_time_in_minutes": "Minutes until it was last solved",
        "group_stations": "How many groups it was in",
        "initially_assigned_at": "When it was first assigned",
        "latest_comment_added_at": "When the last comment was added",
        "on_hold_time_in_minutes": "Minutes it was on hold",
        "reopens": "How often it was reopened",
        "replies": "How many public replies agents gave",
        "reply_time_in_minutes": "Minutes until the first reply",
        "reply_time_in_seconds": "Seconds until the first reply, for messaging",
        "requester_updated_at": "When the requester last updated it",
        "requester_wait_time_in_minutes": "Minutes the requester waited",
        "solved_at": "When it was solved",
        "status_updated_at": "When its status last changed",
        "ticket_id": "The ticket",
    },
    "ticket_skip": {
        "reason": Personal("text", "The reason the agent gave"),
        "ticket_id": "The ticket that was skipped",
        "user_id": "The agent who skipped it",
    },
    "trigger": {
        "actions": "What it does to a ticket: fields and the values they get",
        "active": "Whether it runs",
        "category_id": "The trigger category",
        "conditions": "Under what conditions it runs: all and any",
        "default": "Whether it is one of Zendesk's own",
        "description": "What the trigger is for",
        "position": "Its place among the triggers, which run in this order",
        "raw_title": "The title, with the placeholder of dynamic content where there is one",
        "title": "The title",
    },
    "user": {
        "active": "false once the user is deleted",
        "alias": Personal("name", "The name that end users see"),
        "chat_only": "Whether the agent only chats",
        "custom_role_id": "The agent's custom role",
        "default_group_id": "The agent's default group",
        "details": Personal("text", "Details, such as the address"),
        "email": Personal("contact", "The primary e-mail address"),
        "external_id": Personal("identifier", "The user's id in another system: a member's id"),
        "iana_time_zone": "The time zone, by its IANA name",
        "last_login_at": "When the user last signed in or used the API",
        "locale": "The language",
        "locale_id": "Zendesk's number of the language",
        "moderator": "Whether the user moderates forums",
        "name": Personal("name", "The user's name"),
        "notes": Personal("text", "Notes about the user, which only agents see"),
        "only_private_comments": "Whether the agent may comment in private only",
        "organization_id": "The user's default organization",
        "permanently_deleted": "Whether the user is deleted for good, with all that was known",
        "phone": Personal("contact", "The primary phone number"),
        "photo": Personal("picture", "The profile picture, an attachment"),
        "remote_photo_url": Personal("picture", "Where else the profile picture is"),
        "report_csv": "Whether the user may export reports; Zendesk no longer uses it",
        "restricted_agent": "Whether the agent is restricted to some tickets",
        "role": "end-user, agent or admin",
        "role_type": "Zendesk's number of the kind of agent",
        "shared": "Whether the user comes from another account by ticket sharing",
        "shared_agent": "Whether the agent comes from another account by ticket sharing",
        "shared_phone_number": "Whether others have the same phone number",
        "signature": Personal("text", "The agent's signature"),
        "suspended": "Whether the user is suspended: tickets of such users are, too",
        "tags": Personal("values", "The user's tags"),
        "ticket_restriction": "Which tickets the user may see: organization, groups, assigned, requested",
        "time_zone": "The time zone, by Zendesk's name",
        "two_factor_auth_enabled": "Whether the user signs in with a second factor",
        "user_fields": Personal("values", "Values of the account's own user fields"),
        "verified": "Whether one of the user's identities is verified",
    },
    "user_field": {
        "active": "Whether it is in use",
        "custom_field_options": "The options of a drop-down",
        "description": "What the field is for",
        "key": "Its key in user_fields",
        "position": "Its place among the fields",
        "raw_description": "The description, with the placeholder of dynamic content where there is one",
        "raw_title": "The title, with the placeholder of dynamic content where there is one",
        "regexp_for_validation": "The regular expression that values match, for fields of type regexp",
        "relationship_filter": "Which objects a lookup field may lead to",
        "relationship_target_type": "What a lookup field leads to",
        "system": "Whether it is one of Zendesk's own",
        "tag": "The tag that a ticked checkbox adds",
        "title": "The title",
        "type": "The field's type",
    },
    "view": {
        "active": "Whether agents are offered it",
        "conditions": "Which tickets it shows: all and any",
        "default": "Whether it is one of Zendesk's own",
        "description": "What the view is for",
        "execution": "How it shows them: columns, order, groups",
        "position": "Its place in the list",
        "raw_title": "The title, with the placeholder of dynamic content where there is one",
        "restriction": "Which agents may use it; null: all",
        "title": "The title",
    },
}  # fmt: skip


def described(model: str, properties: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The properties of the model's JSON schema, with `description` and, where they are personal, the mark.

    Raises KeyError for a property that stands in no table, and for one that the table alone knows.
    """
    table = COLUMNS[model]
    if strangers := table.keys() - properties.keys():
        raise KeyError(f"{model} has no such columns: {', '.join(sorted(strangers))}")
    return {name: {**schema, **_words(model, name)} for name, schema in properties.items()}


def _words(model: str, name: str) -> dict[str, Any]:
    column = COLUMNS[model].get(name) or EVERY_MODEL.get(name)
    if column is None:
        raise KeyError(f"columns.py does not say what {model}.{name} is, nor whether it is personal")
    if isinstance(column, Personal):
        return {"description": column.description, MARK: {"personal": column.kind}}
    return {"description": column}
