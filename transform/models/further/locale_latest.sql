{{ latest_bulk('locale') }}
