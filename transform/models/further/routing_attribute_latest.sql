{{ latest_bulk('routing_attribute') }}
