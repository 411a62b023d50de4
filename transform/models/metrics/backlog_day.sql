with change as (
  select
    ticket_id,
    created_at,
    ticket_event_id,
    id,
    if(field_name = 'status', impersonal_value, null) as status,
    if(field_name = 'group_id', coalesce(impersonal_value, ''), null) as group_id
  from {{ ref('ticket_field_history_latest') }}
  where field_name in ('status', 'group_id')
),

-- Both properties after each change; a group that was removed is ''.
known as (
  select
    ticket_id,
    created_at as started_at,
    last_value(status ignore nulls) over changes as status,
    last_value(group_id ignore nulls) over changes as group_id,
    lead(created_at) over (partition by ticket_id order by created_at, ticket_event_id, id) as ended_at
  from change
  window changes as (
    partition by ticket_id order by created_at, ticket_event_id, id rows between unbounded preceding and current row
  )
)

select day, group_id, status, count(*) as tickets
from (select started_at, ended_at, status, safe_cast(group_id as int64) as group_id from known) as period
cross join unnest(
  generate_date_array(
    date(started_at, '{{ var("reporting_time_zone") }}'),
    coalesce(
      date_sub(date(ended_at, '{{ var("reporting_time_zone") }}'), interval 1 day),
      current_date('{{ var("reporting_time_zone") }}')
    )
  )
) as day
where status in ('new', 'open', 'pending', 'hold')
group by day, group_id, status
