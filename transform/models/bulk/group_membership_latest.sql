{{ latest_bulk('group_membership', clock='updated_at') }}
