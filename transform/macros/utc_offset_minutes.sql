{#- Minutes by which a time zone is ahead of UTC at a moment. -#}
{% macro utc_offset_minutes(moment, zone) -%}
datetime_diff(datetime({{ moment }}, {{ zone }}), datetime({{ moment }}, 'UTC'), minute)
{%- endmacro %}
