{{ latest_bulk('ticket_skip', clock='updated_at') }}
