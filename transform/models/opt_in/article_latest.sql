{{ latest_incremental('article') }}
