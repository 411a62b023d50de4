with ticket as (
  select
    ticket.id as ticket_id,
    ticket.created_at,
    ticket.status,
    ticket.is_deleted,
    ticket.group_id,
    ticket.assignee_id,
    merged.merged_into_ticket_id,
    merged.ticket_id is not null or coalesce(ticket.is_closed_by_merge, false) as is_merged
  from {{ ref('ticket_latest') }} as ticket
  left join {{ ref('ticket_merge') }} as merged on merged.ticket_id = ticket.id
),

reply as (
  select ticket_id, min(replied_at) as first_replied_at, count(*) as replies
  from {{ ref('ticket_reply') }}
  group by ticket_id
),

-- A ticket that is closed without having been solved is resolved then.
status as (
  select
    ticket_id,
    min(if(status in ('solved', 'closed'), started_at, null)) as first_resolved_at,
    coalesce(max(if(status = 'solved', started_at, null)), max(if(status = 'closed', started_at, null))) as resolved_at,
    countif(is_reopening) as reopens,
    sum(if(status in ('new', 'open', 'hold'), seconds, null)) as requester_wait_seconds,
    sum(if(status in ('new', 'open', 'hold'), business_seconds, null)) as requester_wait_business_seconds,
    sum(if(status = 'pending', seconds, null)) as agent_wait_seconds,
    sum(if(status = 'pending', business_seconds, null)) as agent_wait_business_seconds,
    coalesce(sum(if(status = 'hold', seconds, null)), 0) as on_hold_seconds,
    if(
      countif(status = 'hold' and ended_at is not null) = 0, 0, sum(if(status = 'hold', business_seconds, null))
    ) as on_hold_business_seconds
  from {{ ref('ticket_status_period') }}
  group by ticket_id
),

placed as (
  select
    ticket.*,
    reply.first_replied_at,
    coalesce(reply.replies, 0) as replies,
    status.first_resolved_at,
    if(ticket.status in ('solved', 'closed'), status.resolved_at, null) as resolved_at,
    status.* except (ticket_id, first_resolved_at, resolved_at)
  from ticket
  left join reply on reply.ticket_id = ticket.ticket_id
  left join status on status.ticket_id = ticket.ticket_id
),

span as (
  select ticket_id, 'reply' as kind, created_at as started_at, first_replied_at as ended_at from placed
  union all
  select ticket_id, 'first resolution' as kind, created_at as started_at, first_resolved_at as ended_at from placed
  union all
  select ticket_id, 'full resolution' as kind, created_at as started_at, resolved_at as ended_at from placed
),

measured as (
  {{ with_business_seconds('span') }}
),

business as (
  select
    ticket_id,
    max(if(kind = 'reply', business_seconds, null)) as reply,
    max(if(kind = 'first resolution', business_seconds, null)) as first_resolution,
    max(if(kind = 'full resolution', business_seconds, null)) as full_resolution
  from measured
  group by ticket_id
)

select
  placed.ticket_id,
  placed.created_at,
  placed.status,
  placed.is_deleted,
  placed.is_merged,
  placed.merged_into_ticket_id,
  placed.group_id,
  placed.assignee_id,
  placed.first_replied_at,
  placed.first_resolved_at,
  placed.resolved_at,
  placed.replies,
  coalesce(placed.reopens, 0) as reopens,
  div(timestamp_diff(placed.first_replied_at, placed.created_at, second), 60) as reply_minutes,
  div(business.reply, 60) as reply_business_minutes,
  div(timestamp_diff(placed.first_resolved_at, placed.created_at, second), 60) as first_resolution_minutes,
  div(business.first_resolution, 60) as first_resolution_business_minutes,
  div(timestamp_diff(placed.resolved_at, placed.created_at, second), 60) as full_resolution_minutes,
  div(business.full_resolution, 60) as full_resolution_business_minutes,
  div(placed.requester_wait_seconds, 60) as requester_wait_minutes,
  div(placed.requester_wait_business_seconds, 60) as requester_wait_business_minutes,
  div(placed.agent_wait_seconds, 60) as agent_wait_minutes,
  div(placed.agent_wait_business_seconds, 60) as agent_wait_business_minutes,
  div(placed.on_hold_seconds, 60) as on_hold_minutes,
  div(placed.on_hold_business_seconds, 60) as on_hold_business_minutes
from placed
left join business on business.ticket_id = placed.ticket_id
