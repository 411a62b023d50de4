{{ latest_incremental('call_leg', partition={'by': 'day', 'on': 'created_at'}) }}
