-- BigQuery knows the zones' offsets, not their changes: those are the hours at which the offset differs from that an hour
-- before. Of the zones that schedules have.
with used_zone as (
  select distinct zone.name as time_zone, zone.iana_time_zone
  from {{ ref('schedule_latest') }} as schedule
  join {{ ref('time_zone_name') }} as zone on zone.name = schedule.time_zone
),

day_offset as (
  select
    used_zone.*,
    day,
    {{ utc_offset_minutes('timestamp(day)', 'iana_time_zone') }} as minutes
  from used_zone
  cross join unnest(generate_date_array(
    date '{{ var('business_hours_since') }}', date_add(current_date(), interval 2 year)
  )) as day
),

changed_day as (
  select *, lag(minutes) over (partition by time_zone order by day) as minutes_before
  from day_offset
  where true
  qualify minutes != minutes_before
),

change as (
  select
    changed_day.time_zone,
    changed_day.minutes,
    changed_day.minutes_before,
    min(moment) as changed_at
  from changed_day
  cross join unnest(generate_timestamp_array(
    timestamp_sub(timestamp(changed_day.day), interval 23 hour), timestamp(changed_day.day), interval 1 hour
  )) as moment
  where {{ utc_offset_minutes('moment', 'iana_time_zone') }} = changed_day.minutes
  group by changed_day.time_zone, changed_day.day, changed_day.minutes, changed_day.minutes_before
),

period as (
  select
    *,
    minutes - minutes_before as shift,
    lead(changed_at) over (partition by time_zone order by changed_at) as ended_at
  from change
)

select
  time_zone,
  extract(year from changed_at) as year,
  datetime(changed_at) as daylight_start_utc,
  datetime(ended_at) as daylight_end_utc,
  div(shift, 60) as daylight_offset,
  changed_at as _fivetran_synced
from period
where shift > 0 and ended_at is not null
