{{ latest_bulk('macro') }}
