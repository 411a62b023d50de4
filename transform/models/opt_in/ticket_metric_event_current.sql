{{ config(
    materialized='current_table',
    meta={
        'raw': 'ticket_metric_event',
        'clock': 'time',
        'current_partition': {'by': 'day', 'on': 'time'}
    }
) }}

select * from {{ source('zendesk', 'ticket_metric_event') }}
