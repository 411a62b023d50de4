{{ latest_bulk('brand_agent', clock='updated_at') }}
