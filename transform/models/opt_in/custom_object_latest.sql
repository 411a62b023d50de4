{{ latest_bulk('custom_object', clock='updated_at', key='key') }}
