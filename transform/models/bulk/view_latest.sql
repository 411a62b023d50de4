{{ latest_bulk('view') }}
