{{ config(
    materialized='current_table',
    meta={
        'raw': 'ticket_field_history',
        'clock': 'created_at',
        'current_partition': {'by': 'day', 'on': 'created_at'}
    }
) }}

select * from {{ source('zendesk', 'ticket_field_history') }}
