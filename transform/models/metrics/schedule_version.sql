{%- set relation = existing('zendesk', 'schedule') -%}
{%- if not relation -%}
{{ no_rows() }}
{%- else -%}
with exported as (
  select id, time_zone, intervals, updated_at, _exported_at
  from {{ relation }}
  union all
  select id, time_zone, intervals, updated_at, _exported_at
  from {{ ref('schedule_latest') }} -- has the current hours, too, when older exports have expired
),

compared as (
  select
    *,
    concat(coalesce(time_zone, ''), to_json_string(intervals)) as hours,
    lag(concat(coalesce(time_zone, ''), to_json_string(intervals))) over exports as previous_hours,
    lag(_exported_at) over exports as previously_exported_at
  from exported
  window exports as (partition by id order by _exported_at, updated_at)
),

-- The change was made after the last export without it. Zendesk's clock says when, unless something else changed later.
changed as (
  select
    id as schedule_id,
    time_zone,
    intervals,
    if(
      previous_hours is null,
      timestamp '1970-01-01 00:00:00+00',
      greatest(previously_exported_at, least(coalesce(updated_at, _exported_at), _exported_at))
    ) as valid_from
  from compared
  where previous_hours is null or previous_hours != hours
)

select
  changed.schedule_id,
  changed.valid_from,
  lead(changed.valid_from) over (partition by changed.schedule_id order by changed.valid_from) as valid_to,
  coalesce(zone.iana_time_zone, if(changed.time_zone like '%/%', changed.time_zone, null)) as iana_time_zone,
  changed.intervals
from changed
left join {{ ref('time_zone_name') }} as zone on zone.name = changed.time_zone
{%- endif %}
