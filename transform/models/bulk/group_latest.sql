{{ latest_bulk('group', clock='updated_at') }}
