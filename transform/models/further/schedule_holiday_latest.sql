{{ latest_bulk('schedule_holiday') }}
