{{ latest_bulk('custom_status', clock='updated_at') }}
