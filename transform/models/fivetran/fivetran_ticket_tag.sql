select id as ticket_id, tag, _exported_at as _fivetran_synced
from {{ ref('ticket_latest') }}
cross join unnest(tags) as tag
where not is_deleted
