{{ latest_bulk('email_notification', clock='updated_at', key='notification_id') }}
