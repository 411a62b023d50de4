{{ config(
    materialized='current_table',
    meta={
        'raw': 'nps_response',
        'clock': 'updated_at'
    }
) }}

select * from {{ source('zendesk', 'nps_response') }}
