{{ latest_bulk('deletion_schedule', clock='updated_at') }}
