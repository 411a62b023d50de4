{{ latest_bulk('custom_object', key='key') }}
