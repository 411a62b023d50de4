{{ latest_incremental('audit_log', clock='created_at') }}
