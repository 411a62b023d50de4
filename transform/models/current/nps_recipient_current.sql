{{ config(
    materialized='current_table',
    meta={
        'raw': 'nps_recipient',
        'clock': 'updated_at'
    }
) }}

select * from {{ source('zendesk', 'nps_recipient') }}
