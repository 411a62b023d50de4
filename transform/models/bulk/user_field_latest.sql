{{ latest_bulk('user_field', clock='updated_at') }}
