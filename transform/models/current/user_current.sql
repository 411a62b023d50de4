{{ config(
    materialized='current_table',
    meta={
        'raw': 'user',
        'clock': 'updated_at',
        'is_whole': 'verified is not null or ifnull(permanently_deleted, false)',
        'stub_columns': ['active', 'email', 'name', 'phone', 'photo', 'updated_at'],
        'current_partition': {'by': 'hash'}
    }
) }}

select * from {{ source('zendesk', 'user') }}
