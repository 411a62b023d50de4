{{ latest_bulk('suspended_ticket') }}
