{{ latest_incremental('ticket', clock='generated_timestamp', is_deleted="status = 'deleted'", whole="created_at is not null", remnant=['status', 'updated_at', 'generated_timestamp']) }}
