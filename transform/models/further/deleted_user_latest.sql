{{ latest_bulk('deleted_user') }}
