{{ latest_incremental('nps_recipient', clock='updated_at') }}
