{{ latest_incremental('ticket_event', partition={'by': 'day', 'on': 'created_at'}) }}
