{{ latest_bulk('brand_agent') }}
