{{ latest_bulk('group_membership') }}
