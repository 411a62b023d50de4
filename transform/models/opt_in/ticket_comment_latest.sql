{{ latest_incremental('ticket_comment', clock='created_at') }}
