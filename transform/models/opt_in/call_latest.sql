{{ latest_incremental('call', clock='updated_at') }}
