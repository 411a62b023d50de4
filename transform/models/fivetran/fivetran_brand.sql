select
  id,
  active,
  brand_url,
  has_help_center,
  help_center_state,
  name,
  subdomain,
  url,
  coalesce(is_deleted, false) as _fivetran_deleted,
  _exported_at as _fivetran_synced
from {{ ref('brand_latest') }}
