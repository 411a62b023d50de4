{{ latest_bulk('organization_field') }}
