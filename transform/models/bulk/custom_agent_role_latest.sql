{{ latest_bulk('custom_agent_role', clock='updated_at') }}
