select
  id,
  schedule_id,
  name,
  cast(start_date as string) as start_date,
  cast(end_date as string) as end_date,
  false as _fivetran_deleted,
  _exported_at as _fivetran_synced
from {{ ref('schedule_holiday_latest') }}
