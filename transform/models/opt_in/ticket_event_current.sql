{{ config(
    materialized='current_table',
    meta={
        'raw': 'ticket_event',
        'clock': 'created_at',
        'current_partition': {'by': 'day', 'on': 'created_at'}
    }
) }}

select * from {{ source('zendesk', 'ticket_event') }}
