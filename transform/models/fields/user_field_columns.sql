{{ config(materialized='field_columns', object='user') }}

-- for dbt's lineage only: macros/field_columns.sql makes the view
select user.id
from {{ ref('user_latest') }} as user
cross join {{ ref('user_field_latest') }}
cross join {{ ref('custom_field_column') }}
