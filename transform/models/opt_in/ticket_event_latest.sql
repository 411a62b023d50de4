{{ latest_incremental('ticket_event', partition={'by': 'day', 'on': 'created_at'}, ticket={'id': 'ticket_id', 'personal': ['child_events', 'metadata', 'system', 'via', '_unknown_properties']}) }}
