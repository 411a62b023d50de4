{{ latest_incremental('call', partition={'by': 'day', 'on': 'created_at'}) }}
