{{ latest_incremental('audit_log', partition={'by': 'day', 'on': 'created_at'}) }}
