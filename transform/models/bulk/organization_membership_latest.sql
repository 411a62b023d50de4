{{ latest_bulk('organization_membership') }}
