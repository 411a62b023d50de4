{{ config(
    materialized='current_table',
    raw='nps_recipient',
    clock='updated_at'
) }}

select * from {{ source('zendesk', 'nps_recipient') }}
