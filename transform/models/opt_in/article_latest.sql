{{ latest_incremental('article', clock='updated_at') }}
