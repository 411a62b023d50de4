{{ config(
    materialized='current_table',
    meta={
        'raw': 'ticket_attachment',
        'clock': 'updated_at',
        'current_partition': {'by': 'ids', 'on': 'ticket_id'}
    }
) }}

select * from {{ source('zendesk', 'ticket_attachment') }}
