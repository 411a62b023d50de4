select
  id,
  created_at,
  updated_at,
  details,
  external_id,
  group_id,
  name,
  notes,
  shared_comments,
  shared_tickets,
  url,
  _exported_at as _fivetran_synced
from {{ ref('organization_latest') }}
where not is_deleted
