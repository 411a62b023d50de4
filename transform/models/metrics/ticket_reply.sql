with commented as (
  select
    comment.id,
    comment.ticket_id,
    comment.ticket_event_id,
    comment.author_id,
    comment.created_at,
    ticket.created_at as ticket_created_at,
    row_number() over (
      partition by comment.ticket_id order by comment.created_at, comment.ticket_event_id, comment.id
    ) = 1 as is_first,
    coalesce(comment.public, false)
    and not coalesce(
      -- what a merge writes on both tickets
      comment.via_source_rel = 'merge'
      or comment.created_at >= merged.merged_at
      or array_length(event.merged_ticket_ids) > 0,
      false
    ) as counts,
    staff.user_id is not null and comment.author_id != coalesce(ticket.requester_id, 0) as is_by_staff,
    comment.author_id <= 0
    {%- for id in var('bot_user_ids') %}
    or comment.author_id = {{ id }}
    {%- endfor %}
    or coalesce(comment.via_channel = 'rule', false)
    or coalesce(comment.via_channel like 'answer_bot%', false) as is_by_bot
  from {{ ref('ticket_comment_latest') }} as comment
  join {{ ref('ticket_latest') }} as ticket on ticket.id = comment.ticket_id
  left join {{ ref('ticket_event_latest') }} as event on event.id = comment.ticket_event_id
  left join {{ ref('ticket_merge') }} as merged on merged.ticket_id = comment.ticket_id
  left join {{ ref('staff_period') }} as staff
    on staff.user_id = comment.author_id
    and staff.started_at <= comment.created_at
    and (staff.ended_at is null or comment.created_at < staff.ended_at)
),

-- Public comments of people. The one that creates the ticket is not a reply.
spoken as (
  select
    *,
    countif(is_by_staff and not is_first) over (
      partition by ticket_id order by created_at, ticket_event_id, id rows between unbounded preceding and 1 preceding
    ) as replies_before
  from commented
  where counts and not is_by_bot
),

waited as (
  select
    *,
    min(if(is_by_staff, null, created_at)) over (
      partition by ticket_id, replies_before order by created_at, ticket_event_id, id
      rows between unbounded preceding and current row
    ) as asked_at
  from spoken
),

reply as (
  select
    ticket_id,
    id as comment_id,
    author_id,
    replies_before + 1 as number,
    if(replies_before = 0, ticket_created_at, asked_at) as started_at,
    created_at as ended_at
  from waited
  where is_by_staff and not is_first
),

measured as (
  {{ with_business_seconds('reply') }}
)

select
  ticket_id,
  comment_id,
  author_id,
  number,
  started_at as waiting_since,
  ended_at as replied_at,
  timestamp_diff(ended_at, started_at, second) as seconds,
  business_seconds
from measured
