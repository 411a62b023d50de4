{{ latest_bulk('trigger_category') }}
