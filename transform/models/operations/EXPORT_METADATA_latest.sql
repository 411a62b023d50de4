{%- set metadata = existing('zendesk', 'EXPORT_METADATA') -%}
{%- set rejected = existing('zendesk', 'REJECTED_RECORD') -%}

{%- if metadata -%}
{%- set columns = column_names(metadata) -%}
{%- set rows_export_id = 'coalesce(rows_export_id, export_id)' if 'rows_export_id' in columns else 'export_id' -%}
with placed as (
  select
    *,
    row_number() over (partition by table_name order by {{ latest_export_first(columns) }}) as _place
  from {{ metadata }}
),

complete as (
  select
    *,
    {{ rows_export_id }} as _rows_export_id
  from placed
  where export_status = 'complete'
  qualify row_number() over (partition by table_name order by _place) = 1
),

begun as (
  select table_name, _place, bq_inserted_at
  from placed
  where export_status = 'in_progress'
  qualify row_number() over (partition by table_name order by _place) = 1
),

rejected as (
  {%- if rejected %}
  select stream, run_id, count(*) as rejected_count
  from {{ rejected }}
  group by stream, run_id
  {%- else %}
  select '' as stream, '' as run_id, 0 as rejected_count
  {%- endif %}
)

select
  complete.* except (_place, _rows_export_id),
  begun.bq_inserted_at as in_progress_at,
  coalesce(rejected.rejected_count, 0) as rejected_count
from complete
left join begun on begun.table_name = complete.table_name and begun._place < complete._place
left join rejected on rejected.stream = complete.table_name and rejected.run_id = complete._rows_export_id
{%- else -%}
{{ no_rows() }}
{%- endif %}
