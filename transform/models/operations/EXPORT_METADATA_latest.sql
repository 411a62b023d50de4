{%- set metadata = existing('zendesk', 'EXPORT_METADATA') -%}

{%- if metadata -%}
with complete as (
  select *
  from {{ metadata }}
  where export_status = 'complete'
  qualify row_number() over (partition by table_name order by bq_inserted_at desc) = 1
),

begun as (
  select table_name, max(bq_inserted_at) as in_progress_at
  from {{ metadata }}
  where export_status = 'in_progress'
  group by table_name
)

select
  complete.*,
  if(begun.in_progress_at > complete.bq_inserted_at, begun.in_progress_at, null) as in_progress_at
from complete
left join begun on begun.table_name = complete.table_name
{%- else -%}
{{ no_rows() }}
{%- endif %}
