{{ config(materialized='created_once') }}

create table {{ this }} (
    {%- for column in model.columns.values() %}
  {{ column.name }} {{ column.data_type }}
    options (description = {{ string_literal(column.description) }}){{ ',' if not loop.last }}
    {%- endfor %}
)
