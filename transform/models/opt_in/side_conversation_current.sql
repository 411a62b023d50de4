{{ config(
    materialized='current_table',
    meta={
        'raw': 'side_conversation',
        'clock': 'updated_at',
        'current_partition': {'by': 'day', 'on': 'created_at'}
    }
) }}

select * from {{ source('zendesk', 'side_conversation') }}
