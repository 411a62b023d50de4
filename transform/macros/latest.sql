{#- The latest state of a model, from the table that target-bigquery appends to. -#}

{#- The last version of each row, from the model's current table.

    Without incremental exports a deleted object is a deletion stub, which has only `stub_columns`. A stub that is later
    than the last whole row overrides it in these columns. -#}
{% macro latest_incremental(table, is_deleted=none, is_whole=none, stub_columns=[], partition=none) %}
    {%- set relation = ref(table ~ '_current') -%}
    {%- set relation = load_relation(relation) if execute else relation -%}
    {%- if not relation -%}
{{ no_rows() }}
    {%- else -%}
    {%- set spec = {'is_whole': is_whole, 'stub_columns': stub_columns, 'partition': partition} -%}
with latest as (
  select * except ({{ hidden_columns(spec).split(',') | join(', ') }})
    {%- if is_whole %} replace (
      {%- for column in overridden(spec).split(',') %}
    if(_has_stub, _stub_{{ column }}, {{ column }}) as {{ column }}{{ ',' if not loop.last }}
      {%- endfor %}
  )
    {%- endif %}
  from {{ relation }}
  where _is_superseded is null
)

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
