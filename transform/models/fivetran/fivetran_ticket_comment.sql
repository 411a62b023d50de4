select
  id,
  ticket_id,
  author_id as user_id,
  created_at as created,
  body,
  public,
  ifnull(type = 'FacebookComment', false) as facebook_comment,
  ifnull(type = 'Tweet', false) as tweet,
  ifnull(type = 'VoiceComment', false) as voice_comment,
  is_deleted as _fivetran_deleted,
  _exported_at as _fivetran_synced
from {{ ref('ticket_comment_latest') }}
