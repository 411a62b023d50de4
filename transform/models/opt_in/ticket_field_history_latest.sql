{{ latest_incremental('ticket_field_history', partition={'by': 'day', 'on': 'created_at'}) }}
