{{ latest_bulk('target_failure', clock='created_at') }}
