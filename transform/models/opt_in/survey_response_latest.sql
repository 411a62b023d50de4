{{ latest_bulk('survey_response', clock='updated_at') }}
