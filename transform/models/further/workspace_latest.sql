{{ latest_bulk('workspace') }}
