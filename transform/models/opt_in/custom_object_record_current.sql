{{ config(
    materialized='current_table',
    meta={
        'raw': 'custom_object_record',
        'clock': 'updated_at',
        'current_partition': {'by': 'hash'}
    }
) }}

select * from {{ source('zendesk', 'custom_object_record') }}
