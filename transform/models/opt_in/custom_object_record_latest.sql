{{ latest_incremental('custom_object_record', is_deleted="ifnull(name = '[DELETED]', false)", partition={'by': 'hash'}) }}
