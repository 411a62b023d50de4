{{ latest_bulk('target_failure') }}
