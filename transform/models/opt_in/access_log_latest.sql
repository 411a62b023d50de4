{{ latest_incremental('access_log', clock='timestamp') }}
