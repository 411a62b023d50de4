{#- Every view lives in the dataset of the tables, without a suffix. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ target.schema }}
{%- endmacro %}
