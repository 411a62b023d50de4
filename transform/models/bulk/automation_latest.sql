{{ latest_bulk('automation', clock='updated_at') }}
