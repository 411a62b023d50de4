{{ latest_incremental('organization', is_deleted='deleted_at is not null') }}
