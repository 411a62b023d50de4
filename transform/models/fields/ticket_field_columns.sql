{{ config(materialized='field_columns', object='ticket') }}

-- for dbt's lineage only: macros/field_columns.sql makes the view
select ticket.id
from {{ ref('ticket_latest') }} as ticket
cross join {{ ref('ticket_field_latest') }}
cross join {{ ref('custom_field_column') }}
