{{ latest_bulk('ticket_metric', clock='updated_at') }}
