{{ latest_incremental('custom_object_record', clock='updated_at', is_deleted="ifnull(name = '[DELETED]', false)") }}
