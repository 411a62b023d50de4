{#- A run without an end was killed, or could not reach BigQuery at its end; it is over once a later one has begun, or a day
    has passed. Rows of later steps (dbt, saved-state) name no run: they are of the one that had ended last. -#}
{%- set runs = existing('zendesk', 'PIPELINE_RUN') -%}

{%- if runs -%}
{#- A table of an earlier release has the column once a run has begun. -#}
{%- set remainder = 'remainder' if 'remainder' in column_names(runs) else
    'array<struct<model string, `rows` int64>>[] as remainder' -%}
with events as (
  select
    * except (run_id),
    coalesce(
      run_id,
      last_value(if(event = 'end', run_id, null) ignore nulls) over (
        partition by job order by recorded_at
        rows between unbounded preceding and 1 preceding
      )
    ) as run_id
  from {{ runs }}
),

run as (
  select
    *,
    lead(run_id) over (partition by job order by started_at) as _next
  from (
    select *
    from events
    where event in ('start', 'end')
    qualify row_number() over (partition by run_id order by event, recorded_at) = 1
  ) as first_of_run
),

later as (
  select
    run_id,
    max(if(event = 'dbt', seconds, null)) as dbt_seconds,
    max(ended_at) as ended_at,
    string_agg(error, '; ' order by recorded_at) as error
  from (
    select *
    from events
    where event in ('dbt', 'saved-state')
    qualify row_number() over (partition by run_id, event order by recorded_at) = 1
  ) as first_of_step
  group by run_id
),

with_later as (
  select
    run.*,
    later.dbt_seconds as _dbt_seconds,
    later.error as _error,
    coalesce(later.ended_at, run.ended_at) as _ended_at,
    run._next is not null or run.started_at < timestamp_sub(current_timestamp(), interval 1 day) as _is_over
  from run
  left join later on run.run_id = later.run_id
)

select
  job,
  run_id,
  started_at,
  if(event = 'end', _ended_at, null) as ended_at,
  case
    when event = 'end' then if(_error is not null and ending = 'complete', 'failed', ending)
    when _is_over then 'interrupted'
    else 'running'
  end as ending,
  case
    when event = 'end' then coalesce(error || '; ' || _error, error, _error)
    when _is_over then 'killed, or without a connection to BigQuery at its end'
  end as error,
  if(event = 'end', timestamp_diff(_ended_at, started_at, millisecond) / 1000, null) as seconds,
  if(_dbt_seconds is null, steps, array_concat(steps, [struct('dbt' as name, _dbt_seconds as seconds)])) as steps,
  `rows`,
  bytes,
  requests,
  rate_limited,
  retries,
  waited_seconds,
  quota_used,
  rejected_records,
  published,
  waiting,
  refused,
  {{ remainder }}
from with_later
{%- else -%}
{{ no_rows() }}
{%- endif %}
