{{ latest_bulk('activity', clock='updated_at') }}
