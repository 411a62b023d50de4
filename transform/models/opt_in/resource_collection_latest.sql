{{ latest_bulk('resource_collection', clock='updated_at') }}
