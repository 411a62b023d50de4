{{ config(
    materialized='current_table',
    raw='organization',
    clock='updated_at'
) }}

select * from {{ source('zendesk', 'organization') }}
