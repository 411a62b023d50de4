{{ latest_bulk('brand', clock='updated_at') }}
