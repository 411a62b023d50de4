{{ latest_bulk('deleted_ticket', clock='deleted_at') }}
