select
  id,
  action,
  actor_id,
  change_description,
  created_at,
  source_id,
  source_label,
  source_type,
  _exported_at as _fivetran_synced
from {{ ref('audit_log_latest') }}
