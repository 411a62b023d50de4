{{ latest_bulk('automation') }}
