{{ latest_bulk('target') }}
