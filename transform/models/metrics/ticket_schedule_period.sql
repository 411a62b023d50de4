select
  ticket_id,
  safe_cast(impersonal_value as int64) as schedule_id,
  created_at as started_at,
  lead(created_at) over (partition by ticket_id order by created_at, ticket_event_id, id) as ended_at
from {{ ref('ticket_field_history_latest') }}
where field_name = 'new_schedule_id'
