{{ latest_incremental('user_identity', partition={'by': 'hash'}) }}
