{{ config(
    materialized='current_table',
    meta={
        'raw': 'routing_attribute_event',
        'clock': 'time'
    }
) }}

select * from {{ source('zendesk', 'routing_attribute_event') }}
