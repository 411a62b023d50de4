{%- set drift = existing('zendesk', 'SCHEMA_DRIFT') -%}

{%- if drift -%}
select
  model,
  property,
  string_agg(distinct json_type, ', ' order by json_type) as json_types,
  min(first_seen_at) as first_seen_at,
  max(last_seen_at) as last_seen_at,
  sum(row_count) as row_count,
  count(distinct _export_id) as exports,
  array_agg(_export_id order by last_seen_at desc limit 1)[offset(0)] as last_export_id,
  array_agg(run_id order by last_seen_at desc limit 1)[offset(0)] as last_run_id
from {{ drift }}
group by model, property
{%- else -%}
{{ no_rows() }}
{%- endif %}
