{{ latest_incremental('call_leg', clock='updated_at') }}
