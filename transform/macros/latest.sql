{#- The latest state of a model, from the table that target-bigquery appends to. -#}

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
