{{ latest_incremental('ticket_event', clock='created_at') }}
