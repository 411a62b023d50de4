{#- What EXPORT_METADATA says of each table, in one query for all models of a run.

    The text of the query is the same for every model, so BigQuery runs it once and answers the others from its cache,
    which is free. Hence constants instead of CURRENT_TIMESTAMP, a hook that runs it before the models (on-run-start), and
    no query comment (dbt_project.yml), which would name the model.
    https://docs.cloud.google.com/bigquery/docs/cached-results, read on 27 November 2026. -#}

{#- Days of EXPORT_METADATA that are read. Earlier ones are read only for a table that has no complete export in these
    days: its model is switched off, or was never exported in full. -#}
{% macro recent_days() %}{{ return(35) }}{% endmacro %}

{#- The exports of a table that has been exported:

    export_id, day: the latest complete export, and the day it began, which is the partition of its rows; none if no
        export has completed
    rows_export_id: the export whose rows it has: an earlier one of that day if nothing had changed since
    days: the days of all exports, incomplete ones too, in ascending order. Days before `recent_days` may be missing,
        unless `since`, a day as text, asks for them -#}
{% macro exports_of(table, since=none) %}
    {%- set metadata = existing('zendesk', 'EXPORT_METADATA') -%}
    {%- set nothing = {'export_id': none, 'day': none, 'rows_export_id': none, 'days': []} -%}
    {%- if not execute or not metadata -%}{{ return(nothing) }}{%- endif -%}
    {%- set found = nothing -%}
    {%- if since is none or since >= first_recent_day() -%}
        {%- set found = _exports_by_table(metadata, first_recent_day()).get(table, nothing) -%}
    {%- endif -%}
    {{ return(found if found.export_id else _exports_by_table(metadata, none).get(table, nothing)) }}
{% endmacro %}

{#- A hook: runs the query of `exports_of`, whose result is in BigQuery's cache when the models ask for it. -#}
{% macro look_up_exports() %}
    {%- set metadata = existing('zendesk', 'EXPORT_METADATA') -%}
    {%- if execute and metadata and flags.WHICH in ['run', 'build'] -%}
        {%- do _exports_by_table(metadata, first_recent_day()) -%}
    {%- endif -%}
{% endmacro %}

{% macro first_recent_day() %}
    {{ return((run_started_at - modules.datetime.timedelta(days=recent_days())).strftime('%Y-%m-%d')) }}
{% endmacro %}

{#- `exports_of` by table. `since`: none for all days, even those of rows without one. -#}
{% macro _exports_by_table(metadata, since) %}
    {%- set columns = column_names(metadata) -%}
    {%- set query -%}
with exported as (
  select
    table_name,
    bq_partition,
    export_id,
    {{ 'coalesce(rows_export_id, export_id)' if 'rows_export_id' in columns else 'export_id' }} as rows_export_id,
    export_status = 'complete' and row_number() over (
      partition by table_name, export_status
      order by {{ latest_export_first(columns, now="timestamp '" ~ run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f+00') ~ "'") }}
    ) = 1 as is_latest
  from {{ metadata }}
  {%- if since %}
  where bq_partition >= date '{{ since }}'
  {%- endif %}
)

select
  table_name,
  max(if(is_latest, export_id, null)) as export_id,
  cast(max(if(is_latest, bq_partition, null)) as string) as day,
  max(if(is_latest, rows_export_id, null)) as rows_export_id,
  string_agg(distinct cast(bq_partition as string)) as days
from exported
group by table_name
    {%- endset -%}
    {%- set found = {} -%}
    {%- for row in run_query(query).rows -%}
        {%- do found.update({row['table_name']: {
            'export_id': row['export_id'],
            'day': row['day'],
            'rows_export_id': row['rows_export_id'],
            'days': (row['days'] or '').split(',') | select | sort,
        }}) -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}

{#- The order of rows of EXPORT_METADATA, which has these columns: by Zendesk's clock, which is the same for all machines.
    Earlier releases wrote only the machine's time: their rows come last, and those with a time in the future, from a
    wrong clock, after them. -#}
{% macro latest_export_first(columns, now='current_timestamp()') %}
    {{- 'zendesk_time desc, ' if 'zendesk_time' in columns -}}
    bq_inserted_at > {{ now }}, bq_inserted_at desc
{%- endmacro %}

{% macro column_names(relation) %}
    {{ return(adapter.get_columns_in_relation(relation) | map(attribute='name') | list) }}
{% endmacro %}
