{{ latest_bulk('ticket_form', clock='updated_at') }}
