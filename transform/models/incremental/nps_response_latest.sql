{{ latest_incremental('nps_response') }}
