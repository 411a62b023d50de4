{{ latest_bulk('organization_subscription') }}
