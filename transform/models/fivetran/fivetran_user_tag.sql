select id as user_id, tag, _exported_at as _fivetran_synced
from {{ ref('user_latest') }}
cross join unnest(tags) as tag
where not is_deleted
