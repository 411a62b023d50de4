{{ latest_incremental('ticket', clock='generated_timestamp', is_deleted="status = 'deleted'") }}
