{{ latest_bulk('sharing_agreement') }}
