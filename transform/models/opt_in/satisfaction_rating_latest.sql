{{ latest_incremental('satisfaction_rating', clock='updated_at') }}
