{{ latest_bulk('suspended_ticket', clock='updated_at') }}
