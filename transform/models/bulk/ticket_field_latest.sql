{{ latest_bulk('ticket_field') }}
