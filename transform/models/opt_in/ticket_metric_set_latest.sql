{{ latest_incremental('ticket_metric_set', partition={'by': 'ids', 'on': 'ticket_id'}) }}
