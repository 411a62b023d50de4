{{ latest_bulk('trigger', clock='updated_at') }}
