{{ config(
    materialized='current_table',
    meta={
        'raw': 'article',
        'clock': 'updated_at'
    }
) }}

select * from {{ source('zendesk', 'article') }}
