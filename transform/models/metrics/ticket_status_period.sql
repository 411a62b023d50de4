with change as (
  select
    ticket_id,
    impersonal_value as status,
    updater_id,
    created_at,
    ticket_event_id,
    lag(impersonal_value) over (partition by ticket_id order by created_at, ticket_event_id, id) as previous_status
  from {{ ref('ticket_field_history_latest') }}
  where field_name = 'status'
),

period as (
  select
    ticket_id,
    status,
    created_at as started_at,
    lead(created_at) over (partition by ticket_id order by created_at, ticket_event_id) as ended_at,
    updater_id,
    previous_status = 'solved' and status in ('new', 'open', 'pending', 'hold') as is_reopening
  from change
  where previous_status is null or previous_status != status
),

measured as (
  {{ with_business_seconds('period') }}
)

select
  ticket_id,
  status,
  started_at,
  ended_at,
  updater_id,
  coalesce(is_reopening, false) as is_reopening,
  timestamp_diff(ended_at, started_at, second) as seconds,
  business_seconds
from measured
