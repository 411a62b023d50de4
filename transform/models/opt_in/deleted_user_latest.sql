{{ latest_bulk('deleted_user', clock='updated_at') }}
