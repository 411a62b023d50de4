{{ config(
    materialized='current_table',
    meta={
        'raw': 'ticket_comment',
        'clock': 'created_at',
        'current_partition': {'by': 'day', 'on': 'created_at'},
        'computed': {'via_channel': {'type': 'STRING', 'of': ['via'], 'sql': "json_value(via, '$.channel')"}, 'via_source_rel': {'type': 'STRING', 'of': ['via'], 'sql': "json_value(via, '$.source.rel')"}}
    }
) }}

select * from {{ source('zendesk', 'ticket_comment') }}
