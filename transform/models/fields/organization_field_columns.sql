{{ config(materialized='field_columns', object='organization') }}

-- for dbt's lineage only: macros/field_columns.sql makes the view
select organization.id
from {{ ref('organization_latest') }} as organization
cross join {{ ref('organization_field_latest') }}
cross join {{ ref('custom_field_column') }}
