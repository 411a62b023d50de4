{#- The latest state of a model, from the table that target-bigquery appends to. -#}

{#- Rows of the latest complete export. Its day and ID are constants in the view, because BigQuery prunes partitions by
    constants only; the view is updated when dbt runs, at the end of every export. A list can contain an object on two
    pages, before and after a change: `clock` decides which version is later. -#}
{% macro latest_bulk(table, clock=none, key='id') %}
    {%- set relation = existing('zendesk', table) -%}
    {%- set export = latest_complete_export(table) if relation else none -%}
    {%- if export -%}
select *
from {{ relation }}
where _exported_at >= timestamp '{{ export.day }} 00:00:00+00'
  and _exported_at < timestamp_add(timestamp '{{ export.day }} 00:00:00+00', interval 1 day)
  and _export_id = '{{ export.export_id }}'
qualify row_number() over (partition by {{ key }} order by {{ clock or '_exported_at' }} desc) = 1
    {%- else -%}
{{ no_rows() }}
    {%- endif -%}
{% endmacro %}

{#- The last version of each row. `clock` orders versions; if it is equal, the later export wins.

    A row without a clock counts as just newer than the newest version exported before it, and older than any version that
    only a later export has. Comparing the export's time with Zendesk's clock instead would hide a change that Zendesk made
    just before the export started but returned only afterwards.

    Without incremental exports a deleted object is a deletion stub, which has only `stub_columns`. `is_whole` is true for
    all other rows. A stub that is later than the last whole row overrides it in these columns. -#}
{% macro latest_incremental(table, clock, key='id', is_deleted=none, is_whole=none, stub_columns=[]) %}
    {%- set relation = existing('zendesk', table) -%}
    {%- if not relation -%}
{{ no_rows() }}
    {%- else -%}
    {%- set latest_first = '_clock desc, _exported_at desc, ' ~ clock ~ ' desc' -%}
with clocked as (
  select
    *,
    coalesce({{ clock }}, max({{ clock }}) over (partition by {{ key }} order by _exported_at)) as _clock
  from {{ relation }}
),
    {%- if is_whole %}
    {%- set columns = stub_columns + ['_export_id', '_exported_at'] %}

placed as (
  select
    *,
    {{ is_whole }} as _is_whole,
    row_number() over (partition by {{ key }} order by {{ latest_first }}, {{ is_whole }}) as _place
  from clocked
),

version as (
  select *
  from placed
  qualify row_number() over (partition by {{ key }} order by _is_whole desc, _place) = 1
),

stub as (
  select {{ key }}, _place, {{ columns | join(', ') }}
  from placed
  where not _is_whole
  qualify row_number() over (partition by {{ key }} order by _place) = 1
),

latest as (
  select version.* except (_clock, _is_whole, _place) replace (
    {%- for column in columns %}
    if(stub._place < version._place, stub.{{ column }}, version.{{ column }}) as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
  )
  from version
  left join stub on stub.{{ key }} = version.{{ key }}
)
    {%- else %}

latest as (
  select * except (_clock)
  from clocked
  qualify row_number() over (partition by {{ key }} order by {{ latest_first }}) = 1
)
    {%- endif %}

select
  *
  {%- if is_deleted %},
  {{ is_deleted }} as is_deleted
  {%- endif %}
from latest
    {%- endif -%}
{% endmacro %}

{#- The table, or none if the model was never exported; its view is then empty. -#}
{% macro existing(source_name, table) %}
    {%- set relation = source(source_name, table) -%}
    {{ return(load_relation(relation) if execute else relation) }}
{% endmacro %}

{#- No rows, with the columns that the model's yml documents. -#}
{% macro no_rows() %}
select
    {%- for column in model.columns.values() %}
  cast(null as {{ column.data_type }}) as `{{ column.name }}`{{ ',' if not loop.last }}
    {%- endfor %}
from unnest([1]) as nothing
where false
{% endmacro %}

{% macro latest_complete_export(table) %}
    {%- if not execute -%}{{ return(none) }}{%- endif -%}
    {%- set metadata = existing('zendesk', 'EXPORT_METADATA') -%}
    {%- if not metadata -%}{{ return(none) }}{%- endif -%}
    {%- set query -%}
select export_id, cast(bq_partition as string) as day
from {{ metadata }}
where table_name = '{{ table }}' and export_status = 'complete'
order by {{ latest_export_first(metadata) }}
limit 1
    {%- endset -%}
    {%- set found = run_query(query) -%}
    {%- if found.rows | length == 0 -%}{{ return(none) }}{%- endif -%}
    {{ return({'export_id': found.rows[0]['export_id'], 'day': found.rows[0]['day']}) }}
{% endmacro %}

{#- The order of rows of EXPORT_METADATA: by Zendesk's clock, which is the same for all machines. Earlier releases wrote
    only the machine's time: their rows come last, and those with a time in the future, from a wrong clock, after them. -#}
{% macro latest_export_first(metadata) %}
    {%- set columns = adapter.get_columns_in_relation(metadata) | map(attribute='name') | list -%}
    {{- 'zendesk_time desc, ' if 'zendesk_time' in columns -}}
    bq_inserted_at > current_timestamp(), bq_inserted_at desc
{%- endmacro %}
