-- Forms as they are today.
select
  id,
  active,
  created_at,
  display_name,
  end_user_visible,
  name,
  updated_at,
  deleted_at is not null as _fivetran_deleted,
  _exported_at as _fivetran_synced
from {{ ref('ticket_form_latest') }}
