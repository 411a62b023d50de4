{{ latest_bulk('schedule', clock='updated_at') }}
