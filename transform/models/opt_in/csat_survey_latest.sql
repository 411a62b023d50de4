{{ latest_bulk('csat_survey', clock='updated_at') }}
