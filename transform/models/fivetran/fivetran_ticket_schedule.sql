select ticket_id, started_at as created_at, schedule_id, started_at as _fivetran_synced
from {{ ref('ticket_schedule_period') }}
where schedule_id is not null
