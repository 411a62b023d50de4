select
  id,
  ticket_id,
  author_id as user_id,
  created_at as created,
  body,
  public,
  coalesce(type = 'FacebookComment', false) as facebook_comment,
  coalesce(type = 'Tweet', false) as tweet,
  coalesce(type = 'VoiceComment', false) as voice_comment,
  is_deleted as _fivetran_deleted,
  _exported_at as _fivetran_synced
from {{ ref('ticket_comment_latest') }}
