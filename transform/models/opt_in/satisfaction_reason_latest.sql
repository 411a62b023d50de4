{{ latest_bulk('satisfaction_reason', clock='updated_at') }}
