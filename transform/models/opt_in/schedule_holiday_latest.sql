{{ latest_bulk('schedule_holiday', clock='start_date') }}
