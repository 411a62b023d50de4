{{ config(
    materialized='current_table',
    meta={
        'raw': 'chat',
        'clock': 'update_timestamp',
        'current_partition': {'by': 'day', 'on': 'timestamp'}
    }
) }}

select * from {{ source('zendesk', 'chat') }}
