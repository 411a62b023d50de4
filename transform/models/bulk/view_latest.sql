{{ latest_bulk('view', clock='updated_at') }}
