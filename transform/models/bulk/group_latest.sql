{{ latest_bulk('group') }}
