select
  schedule.id,
  opening.start_time,
  opening.end_time,
  schedule.name,
  schedule.time_zone,
  schedule.created_at,
  false as _fivetran_deleted,
  schedule._exported_at as _fivetran_synced
from {{ ref('schedule_latest') }} as schedule
cross join unnest(schedule.intervals) as opening
