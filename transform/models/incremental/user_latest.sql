{{ latest_incremental('user', clock='updated_at', is_deleted="not active") }}
