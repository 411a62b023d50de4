{{ latest_bulk('trigger') }}
