{{ latest_incremental('side_conversation_event', clock='created_at') }}
