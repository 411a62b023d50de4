{{ config(
    materialized='current_table',
    meta={
        'raw': 'comment_redaction',
        'clock': 'created_at'
    }
) }}

select * from {{ source('zendesk', 'comment_redaction') }}
