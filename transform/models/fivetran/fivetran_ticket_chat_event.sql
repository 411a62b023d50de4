-- The ID of an agent's chat account is not that of the Zendesk user.
select
  id as chat_id,
  index as chat_index,
  safe_cast(json_value(event, '$.timestamp') as timestamp) as created_at,
  coalesce(json_value(event, '$.nick'), '') as actor_id,
  json_value(event, '$.msg') as message,
  json_value(event, '$.msg_id') as message_id,
  json_value(event, '$.type') as type,
  json_value(event, '$.reason') as reason,
  json_value(event, '$.attachment.url') as url,
  json_value(event, '$.attachment.name') as filename,
  json_value(event, '$.attachment.mime_type') as mime_type,
  safe_cast(json_value(event, '$.attachment.size') as int64) as size,
  _exported_at as _fivetran_synced
from {{ ref('chat_latest') }}
cross join unnest(json_query_array(history)) as event with offset as index
where not coalesce(deleted, false)
