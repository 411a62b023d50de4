{{ config(
    materialized='current_table',
    meta={
        'raw': 'access_log',
        'clock': 'timestamp',
        'current_partition': {'by': 'day', 'on': 'timestamp'}
    }
) }}

select * from {{ source('zendesk', 'access_log') }}
