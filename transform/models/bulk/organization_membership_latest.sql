{{ latest_bulk('organization_membership', clock='updated_at') }}
