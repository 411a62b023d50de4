{{ latest_incremental('ticket_metric_event', is_deleted='ifnull(deleted, false)', partition={'by': 'day', 'on': 'time'}) }}
