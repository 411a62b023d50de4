{{ latest_incremental('chat', clock='update_timestamp') }}
