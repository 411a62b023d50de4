{{ latest_bulk('tag', key='name') }}
