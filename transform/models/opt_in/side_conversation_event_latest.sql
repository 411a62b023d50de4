{{ latest_incremental('side_conversation_event', partition={'by': 'day', 'on': 'created_at'}) }}
