{{ latest_bulk('deleted_ticket') }}
