{{ latest_bulk('schedule') }}
