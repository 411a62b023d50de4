{{ latest_bulk('organization_field', clock='updated_at') }}
