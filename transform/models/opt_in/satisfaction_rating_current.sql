{{ config(
    materialized='current_table',
    meta={
        'raw': 'satisfaction_rating',
        'clock': 'updated_at',
        'current_partition': {'by': 'day', 'on': 'created_at'}
    }
) }}

select * from {{ source('zendesk', 'satisfaction_rating') }}
