{{ latest_incremental('routing_attribute_event', clock='time', is_deleted="type = 'delete'") }}
