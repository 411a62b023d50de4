{#- Rows of the latest complete export. Its day and ID are constants in the view, because BigQuery prunes partitions by
    constants only; the view is updated when dbt runs, at the end of every export. A list can contain an object on two
    pages, before and after a change: `clock` decides which version is later. -#}
{% macro latest_bulk(table, clock=none, key='id') %}
    {%- set relation = existing('zendesk', table) -%}
    {%- set export = latest_complete_export(table) if relation else {} -%}
    {%- if export.rows_export_id -%}
select *
from {{ relation }}
where _exported_at >= timestamp '{{ export.day }} 00:00:00+00'
  and _exported_at < timestamp_add(timestamp '{{ export.day }} 00:00:00+00', interval 1 day)
  and _export_id = '{{ export.rows_export_id }}'
qualify row_number() over (partition by {{ key }} order by {{ clock or '_exported_at' }} desc) = 1
    {%- else -%}
{{ no_rows() }}
    {%- endif -%}
{% endmacro %}
