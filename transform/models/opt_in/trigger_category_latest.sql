{{ latest_bulk('trigger_category', clock='updated_at') }}
