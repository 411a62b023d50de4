select
  merged_ticket_id as ticket_id,
  min(event.ticket_id) as merged_into_ticket_id,
  min(event.created_at) as merged_at
from {{ ref('ticket_event_latest') }} as event
cross join unnest(event.merged_ticket_ids) as merged_ticket_id
group by merged_ticket_id
