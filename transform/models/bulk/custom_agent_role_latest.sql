{{ latest_bulk('custom_agent_role') }}
