select
  id as chat_id,
  zendesk_ticket_id as ticket_id,
  'chat' as backend,
  'chat' as channel,
  started_by as initiator,
  cast(null as int64) as user_id,
  json_value(visitor, '$.id') as visitor_id,
  cast(null as bool) as authenticated,
  cast(null as string) as conversation_id,
  cast(null as string) as integration_id,
  _exported_at as _fivetran_synced
from {{ ref('chat_latest') }}
where not coalesce(deleted, false)
