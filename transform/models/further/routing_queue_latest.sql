{{ latest_bulk('routing_queue') }}
