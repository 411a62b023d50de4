{{ latest_bulk('group_sla_policy') }}
