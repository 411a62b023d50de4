{{ latest_incremental('ticket_metric_event', clock='time', is_deleted="ifnull(deleted, false)") }}
