{#- What EXPORT_METADATA says of each table, in one query for all models of a run.

    The text of the query is the same for every model, so BigQuery runs it once and answers the others from its cache,
    which is free. Hence constants instead of CURRENT_TIMESTAMP, a hook that runs it before the models (on-run-start), and
    no query comment (dbt_project.yml), which would name the model.
    https://docs.cloud.google.com/bigquery/docs/cached-results, read on 27 November 2026. -#}

{#- Days of EXPORT_METADATA that are read. Earlier ones are read only for a table that has no complete export in these
    days: its model is switched off, or was never exported in full. -#}
{% macro recent_days() %}{{ return(35) }}{% endmacro %}

{#- The latest complete export of a table: `export_id`; `rows_export_id`, the export whose rows it has, which is an earlier one
    of the same day if nothing had changed since; and `day`, on which both began, the partition of the rows. All are none if
    no export has completed. -#}
{% macro latest_complete_export(table) %}
    {%- set metadata = existing('zendesk', 'EXPORT_METADATA') -%}
    {%- set nothing = {'export_id': none, 'rows_export_id': none, 'day': none} -%}
    {%- if not execute or not metadata -%}{{ return(nothing) }}{%- endif -%}
    {%- set found = _latest_by_table(metadata, first_recent_day()).get(table) -%}
    {{ return(found or _latest_by_table(metadata, none).get(table, nothing)) }}
{% endmacro %}

{#- A hook: runs the query of `latest_complete_export`, whose result is in BigQuery's cache when the models ask for it. -#}
{% macro look_up_exports() %}
    {%- set metadata = existing('zendesk', 'EXPORT_METADATA') -%}
    {%- if execute and metadata and flags.WHICH in ['run', 'build'] -%}
        {%- do _latest_by_table(metadata, first_recent_day()) -%}
    {%- endif -%}
{% endmacro %}

{% macro first_recent_day() %}
    {{ return((run_started_at - modules.datetime.timedelta(days=recent_days())).strftime('%Y-%m-%d')) }}
{% endmacro %}

{#- `latest_complete_export` by table. `since`: none for all days, even those of rows without one. -#}
{% macro _latest_by_table(metadata, since) %}
    {%- set found = {} -%}
    {%- for row in run_query(latest_exports(metadata, column_names(metadata), since)).rows -%}
        {%- do found.update({row['table_name']: {
            'export_id': row['export_id'],
            'rows_export_id': row['rows_export_id'],
            'day': row['day'],
        }}) -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}

{% macro latest_exports(metadata, columns, since) -%}
select
  table_name,
  export_id,
  {{ 'coalesce(rows_export_id, export_id)' if 'rows_export_id' in columns else 'export_id' }} as rows_export_id,
  cast(bq_partition as string) as day
from {{ metadata }}
where export_status = 'complete'{{ " and bq_partition >= date '" ~ since ~ "'" if since }}
qualify row_number() over (
  partition by table_name
  order by {{ latest_export_first(columns, now="timestamp '" ~ run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f+00') ~ "'") }}
) = 1
{%- endmacro %}

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
