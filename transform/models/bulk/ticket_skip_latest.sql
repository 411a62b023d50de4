{{ latest_bulk('ticket_skip') }}
