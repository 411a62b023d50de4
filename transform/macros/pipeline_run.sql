{#- A hook: appends to PIPELINE_RUN how this run of dbt ended, as a step of the run of tap-to-bigquery that ended last
    (PIPELINE_RUN_latest). An INSERT of values reads no table, and bills nothing. BigQuery's messages may quote rows, so
    only the models are named. -#}
{% macro record_run(results) %}
    {%- set runs = existing('zendesk', 'PIPELINE_RUN') -%}
    {%- if execute and runs and flags.WHICH == 'run' -%}
        {%- set failed = [] -%}
        {%- for result in results if result.status in ['error', 'fail', 'runtime error'] -%}
            {%- do failed.append(result.node.name) -%}
        {%- endfor -%}
        {%- set seconds = (modules.datetime.datetime.now(modules.pytz.utc) - run_started_at).total_seconds() -%}
insert into {{ runs }} (job, event, recorded_at, started_at, ended_at, ending, error, seconds)
values (
  'tap-to-bigquery',
  'dbt',
  current_timestamp(),
  timestamp '{{ run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f+00') }}',
  current_timestamp(),
  '{{ 'failed' if failed else 'complete' }}',
  {{ "'dbt: " ~ failed | join(', ') ~ " failed'" if failed else 'null' }},
  {{ seconds }}
)
    {%- endif -%}
{% endmacro %}
