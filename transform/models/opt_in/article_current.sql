{{ config(
    materialized='current_table',
    raw='article',
    clock='updated_at'
) }}

select * from {{ source('zendesk', 'article') }}
