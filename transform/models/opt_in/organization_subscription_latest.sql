{{ latest_bulk('organization_subscription', clock='created_at') }}
