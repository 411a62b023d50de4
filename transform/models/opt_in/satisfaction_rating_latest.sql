{{ latest_incremental('satisfaction_rating', partition={'by': 'day', 'on': 'created_at'}, ticket={'id': 'ticket_id', 'personal': ['comment', 'reason', '_unknown_properties']}) }}
