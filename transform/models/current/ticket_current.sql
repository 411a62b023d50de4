{{ config(
    materialized='current_table',
    meta={
        'raw': 'ticket',
        'clock': 'generated_timestamp',
        'is_whole': 'created_at is not null',
        'stub_columns': ['status', 'updated_at', 'generated_timestamp'],
        'current_partition': {'by': 'ids', 'on': 'id'},
        'computed': {'is_closed_by_merge': {'type': 'BOOL', 'of': ['tags'], 'sql': "'closed_by_merge' in unnest(tags)"}, 'via_channel': {'type': 'STRING', 'of': ['via.channel'], 'sql': 'via.channel'}}
    }
) }}

select * from {{ source('zendesk', 'ticket') }}
