{{ latest_incremental('chat', partition={'by': 'day', 'on': 'timestamp'}) }}
