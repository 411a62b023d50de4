{{ latest_bulk('target', clock='created_at') }}
