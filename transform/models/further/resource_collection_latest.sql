{{ latest_bulk('resource_collection') }}
