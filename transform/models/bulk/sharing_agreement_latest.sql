{{ latest_bulk('sharing_agreement', clock='updated_at') }}
