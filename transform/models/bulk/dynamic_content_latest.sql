{{ latest_bulk('dynamic_content') }}
