{{ latest_incremental('nps_recipient') }}
