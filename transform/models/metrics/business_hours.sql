-- An interval can be longer than a day, and can end in the next week.
with interval_of_week as (
  select
    version.schedule_id,
    version.valid_from,
    version.valid_to,
    version.iana_time_zone,
    piece.start_time,
    if(piece.end_time > piece.start_time, piece.end_time, piece.end_time + 10080) as end_time
  from {{ ref('schedule_version') }} as version
  cross join unnest(version.intervals) as piece
  where version.iana_time_zone is not null
),

-- Opening hours of each weekday, in minutes of the local day.
weekday_hours as (
  select
    schedule_id,
    valid_from,
    valid_to,
    iana_time_zone,
    mod(weekday, 7) as weekday,
    greatest(start_time - weekday * 1440, 0) as opens,
    least(end_time - weekday * 1440, 1440) as closes
  from interval_of_week
  cross join unnest(generate_array(0, 13)) as weekday
  where start_time < (weekday + 1) * 1440 and end_time > weekday * 1440
),

local_day as (
  select day, extract(dayofweek from day) - 1 as weekday
  from unnest(generate_date_array(date '{{ var("business_hours_since") }}', date_add(current_date(), interval 2 day))) as day
),

holiday as (
  select distinct schedule_id, day
  from {{ ref('schedule_holiday_latest') }}
  cross join unnest(generate_date_array(start_date, end_date)) as day
),

-- Local times as moments, so that a day with a clock change has 23 or 25 hours.
opening as (
  select
    weekday_hours.schedule_id,
    greatest(
      timestamp(datetime_add(datetime(local_day.day), interval weekday_hours.opens minute), weekday_hours.iana_time_zone),
      weekday_hours.valid_from
    ) as opened_at,
    least(
      timestamp(datetime_add(datetime(local_day.day), interval weekday_hours.closes minute), weekday_hours.iana_time_zone),
      coalesce(weekday_hours.valid_to, timestamp '9999-01-01 00:00:00+00')
    ) as closed_at
  from weekday_hours
  join local_day on local_day.weekday = weekday_hours.weekday
  left join holiday on holiday.schedule_id = weekday_hours.schedule_id and holiday.day = local_day.day
  where holiday.day is null
),

-- Each UTC day begins with a row of its own, of no length, so that every moment has one row.
part as (
  select
    schedule.schedule_id,
    local_day.day,
    timestamp(local_day.day) as opened_at,
    timestamp(local_day.day) as closed_at
  from (select distinct schedule_id from interval_of_week) as schedule
  cross join local_day
  union all
  select
    schedule_id,
    day,
    greatest(opened_at, timestamp(day)) as opened_at,
    least(closed_at, timestamp(date_add(day, interval 1 day))) as closed_at
  from opening
  cross join unnest(generate_date_array(date(opened_at), date(timestamp_sub(closed_at, interval 1 second)))) as day
  where opened_at < closed_at
)

select
  schedule_id,
  day,
  opened_at,
  closed_at,
  coalesce(
    lead(opened_at) over (partition by schedule_id, day order by opened_at, closed_at),
    timestamp(date_add(day, interval 1 day))
  ) as next_opened_at,
  coalesce(
    sum(timestamp_diff(closed_at, opened_at, second)) over (
      partition by schedule_id order by opened_at, closed_at rows between unbounded preceding and 1 preceding
    ),
    0
  ) as seconds_before
from part
