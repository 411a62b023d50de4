{{ latest_incremental('ticket', clock='generated_timestamp', is_deleted="status = 'deleted'", is_whole="created_at is not null", stub_columns=['status', 'updated_at', 'generated_timestamp']) }}
