{{ config(
    materialized='current_table',
    meta={
        'raw': 'organization',
        'clock': 'updated_at'
    }
) }}

select * from {{ source('zendesk', 'organization') }}
