with merged as (
  select merged_into_ticket_id as ticket_id, array_agg(ticket_id order by ticket_id) as ids
  from {{ ref('ticket_merge') }}
  group by merged_into_ticket_id
)

select
  ticket.id,
  ticket.allow_channelback,
  ticket.assignee_id,
  ticket.brand_id,
  ticket.created_at,
  ticket.description,
  ticket.due_at,
  ticket.external_id,
  ticket.forum_topic_id,
  ticket.group_id,
  ticket.has_incidents,
  ticket.is_public,
  to_json_string(coalesce(merged.ids, [])) as merged_ticket_ids,
  ticket.organization_id,
  ticket.priority,
  ticket.problem_id,
  ticket.recipient,
  ticket.requester_id,
  ticket.status,
  ticket.subject,
  ticket.submitter_id,
  ticket.ticket_form_id,
  ticket.type,
  ticket.updated_at,
  ticket.url,
  ticket.via.channel as via_channel,
  json_value(ticket.via.source.`from`, '$.address') as via_source_from_address,
  safe_cast(json_value(ticket.via.source.`from`, '$.id') as int64) as via_source_from_id,
  json_value(ticket.via.source.`from`, '$.title') as via_source_from_title,
  ticket.via.source.rel as via_source_rel,
  json_value(ticket.via.source.`to`, '$.address') as via_source_to_address,
  json_value(ticket.via.source.`to`, '$.name') as via_source_to_name,
  ticket.is_deleted as _fivetran_deleted,
  ticket._exported_at as _fivetran_synced
from {{ ref('ticket_latest') }} as ticket
left join merged on merged.ticket_id = ticket.id
