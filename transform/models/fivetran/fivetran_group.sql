select id, name, created_at, updated_at, url, coalesce(deleted, false) as _fivetran_deleted, _exported_at as _fivetran_synced
from {{ ref('group_latest') }}
