{{ latest_incremental('user_identity', partition={'by': 'hash'}, user='user_id') }}
