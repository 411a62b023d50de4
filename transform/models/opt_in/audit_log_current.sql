{{ config(
    materialized='current_table',
    meta={
        'raw': 'audit_log',
        'clock': 'created_at',
        'current_partition': {'by': 'day', 'on': 'created_at'}
    }
) }}

select * from {{ source('zendesk', 'audit_log') }}
