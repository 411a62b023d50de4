{{ latest_bulk('support_address') }}
