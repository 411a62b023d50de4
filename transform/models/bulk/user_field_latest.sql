{{ latest_bulk('user_field') }}
