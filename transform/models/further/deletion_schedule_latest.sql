{{ latest_bulk('deletion_schedule') }}
