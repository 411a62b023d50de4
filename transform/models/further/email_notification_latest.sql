{{ latest_bulk('email_notification', key='notification_id') }}
