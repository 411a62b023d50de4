{{ latest_bulk('ticket_form_status') }}
