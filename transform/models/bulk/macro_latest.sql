{{ latest_bulk('macro', clock='updated_at') }}
