{{ latest_bulk('job_status') }}
