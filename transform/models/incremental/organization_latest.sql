{{ latest_incremental('organization', clock='updated_at', is_deleted="deleted_at is not null") }}
