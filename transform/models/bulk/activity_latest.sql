{{ latest_bulk('activity') }}
