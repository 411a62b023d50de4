{{ latest_bulk('locale', clock='updated_at') }}
