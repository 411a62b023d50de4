{{ latest_bulk('sla_policy', clock='updated_at') }}
