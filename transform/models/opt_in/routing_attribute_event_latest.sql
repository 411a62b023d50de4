{{ latest_incremental('routing_attribute_event', is_deleted="type = 'delete'") }}
