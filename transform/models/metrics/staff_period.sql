{%- set relation = existing('zendesk', 'user') -%}
{%- if not relation -%}
{{ no_rows() }}
{%- else -%}
with exported as (
  select id, role, updated_at
  from {{ relation }}
  union distinct
  select id, role, updated_at
  from {{ ref('user_latest') }} -- has the last role, too, when older versions have expired
),

version as (
  select
    id as user_id,
    role in ('agent', 'admin') as is_staff,
    updated_at,
    lead(updated_at) over (partition by id order by updated_at) as next_updated_at,
    row_number() over (partition by id order by updated_at) as number
  from exported
  where role is not null and updated_at is not null
),

-- Only agents can be assigned. It shows who was one before the first version that was exported.
assignment as (
  select safe_cast(impersonal_value as int64) as user_id, min(created_at) as assigned_at
  from {{ ref('ticket_field_history_latest') }}
  where field_name = 'assignee_id'
  group by user_id
)

select
  user_id,
  if(number = 1, timestamp '1970-01-01 00:00:00+00', updated_at) as started_at,
  next_updated_at as ended_at
from version
where is_staff
union all
select assignment.user_id, assignment.assigned_at as started_at, version.updated_at as ended_at
from assignment
left join version on version.user_id = assignment.user_id and version.number = 1
where
  assignment.user_id is not null
  and (version.user_id is null or (not version.is_staff and assignment.assigned_at < version.updated_at))
{%- endif %}
