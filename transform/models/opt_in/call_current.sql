{{ config(
    materialized='current_table',
    meta={
        'raw': 'call',
        'clock': 'updated_at',
        'current_partition': {'by': 'day', 'on': 'created_at'}
    }
) }}

select * from {{ source('zendesk', 'call') }}
