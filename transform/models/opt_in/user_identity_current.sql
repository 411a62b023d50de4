{{ config(
    materialized='current_table',
    meta={
        'raw': 'user_identity',
        'clock': 'updated_at',
        'current_partition': {'by': 'hash'}
    }
) }}

select * from {{ source('zendesk', 'user_identity') }}
