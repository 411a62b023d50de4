{{ latest_incremental('ticket_field_history', clock='created_at') }}
