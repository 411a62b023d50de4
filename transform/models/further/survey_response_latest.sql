{{ latest_bulk('survey_response') }}
