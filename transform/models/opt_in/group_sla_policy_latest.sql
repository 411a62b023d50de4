{{ latest_bulk('group_sla_policy', clock='updated_at') }}
