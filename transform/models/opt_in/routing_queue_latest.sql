{{ latest_bulk('routing_queue', clock='updated_at') }}
