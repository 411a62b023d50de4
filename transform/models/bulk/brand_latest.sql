{{ latest_bulk('brand') }}
