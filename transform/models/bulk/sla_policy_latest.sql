{{ latest_bulk('sla_policy') }}
