{{ latest_bulk('workspace', clock='updated_at') }}
