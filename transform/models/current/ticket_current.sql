{{ config(
    materialized='current_table',
    meta={
        'raw': 'ticket',
        'clock': 'generated_timestamp',
        'is_whole': 'created_at is not null',
        'stub_columns': ['status', 'updated_at', 'generated_timestamp'],
        'current_partition': {'by': 'ids', 'on': 'id'}
    }
) }}

select * from {{ source('zendesk', 'ticket') }}
