{{ latest_bulk('ticket_metric') }}
