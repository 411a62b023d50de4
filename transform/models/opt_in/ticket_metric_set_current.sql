{{ config(
    materialized='current_table',
    meta={
        'raw': 'ticket_metric_set',
        'clock': 'generated_timestamp',
        'current_partition': {'by': 'ids', 'on': 'ticket_id'}
    }
) }}

select * from {{ source('zendesk', 'ticket_metric_set') }}
