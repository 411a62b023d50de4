{{ latest_incremental('ticket_comment', partition={'by': 'day', 'on': 'created_at'}) }}
