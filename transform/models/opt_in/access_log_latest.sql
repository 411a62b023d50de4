{{ latest_incremental('access_log', partition={'by': 'day', 'on': 'timestamp'}) }}
