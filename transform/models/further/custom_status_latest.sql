{{ latest_bulk('custom_status') }}
