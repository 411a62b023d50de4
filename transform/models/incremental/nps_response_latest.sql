{{ latest_incremental('nps_response', clock='updated_at') }}
