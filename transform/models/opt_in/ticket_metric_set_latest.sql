{{ latest_incremental('ticket_metric_set', clock='generated_timestamp') }}
