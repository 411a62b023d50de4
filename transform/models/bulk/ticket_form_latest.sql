{{ latest_bulk('ticket_form') }}
