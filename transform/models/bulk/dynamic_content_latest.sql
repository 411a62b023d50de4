{{ latest_bulk('dynamic_content', clock='updated_at') }}
