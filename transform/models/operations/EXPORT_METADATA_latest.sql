{%- set metadata = existing('zendesk', 'EXPORT_METADATA') -%}

{%- if metadata -%}
with placed as (
  select
    *,
    row_number() over (partition by table_name order by {{ latest_export_first(metadata) }}) as _place
  from {{ metadata }}
),

complete as (
  select *
  from placed
  where export_status = 'complete'
  qualify row_number() over (partition by table_name order by _place) = 1
),

begun as (
  select table_name, _place, bq_inserted_at
  from placed
  where export_status = 'in_progress'
  qualify row_number() over (partition by table_name order by _place) = 1
)

select
  complete.* except (_place),
  begun.bq_inserted_at as in_progress_at
from complete
left join begun on begun.table_name = complete.table_name and begun._place < complete._place
{%- else -%}
{{ no_rows() }}
{%- endif %}
