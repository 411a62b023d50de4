{{ latest_bulk('routing_attribute', clock='updated_at') }}
