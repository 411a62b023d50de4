{#- Views are in the same dataset as the tables, without a suffix. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ target.schema }}
{%- endmacro %}
