{{ latest_bulk('satisfaction_reason') }}
