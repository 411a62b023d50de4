{{ latest_bulk('support_address', clock='updated_at') }}
