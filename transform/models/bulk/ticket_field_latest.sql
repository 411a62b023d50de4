{{ latest_bulk('ticket_field', clock='updated_at') }}
