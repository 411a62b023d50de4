{{ latest_incremental('side_conversation_event', partition={'by': 'day', 'on': 'created_at'}, ticket={'id': 'ticket_id', 'personal': ['actor', 'message', 'updates', '_unknown_properties']}) }}
