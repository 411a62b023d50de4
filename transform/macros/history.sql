{#- Every version of each row that the raw table still has, and the current one, with the time for which it was valid.

    `time` is the clock as a timestamp. A version without a clock is valid from its export, or from the next version's
    clock if that is earlier: its place is that of latest_incremental. -#}
{% macro history(table, clock, time, key='id', is_deleted=none) %}
    {%- set raw = existing('zendesk', table) -%}
    {%- set current = ref(table ~ '_current') -%}
    {%- set current = load_relation(current) if execute else current -%}
    {%- if not raw or not current -%}
{{ no_rows() }}
    {%- else -%}
    {%- set columns = '`' ~ column_names(raw) | join('`, `') ~ '`' -%}
with exported as (
  select {{ columns }} from {{ raw }}
  union all
  select {{ columns }} from {{ current }} -- its raw rows may have expired
),

clocked as (
  select *, coalesce({{ clock }}, max({{ clock }}) over (partition by {{ key }} order by _exported_at)) as _clock
  from exported
),

version as (
  select *
  from clocked
  qualify row_number() over (
    partition by {{ key }}, {{ clock }}, if({{ clock }} is null, _exported_at, null) order by _exported_at desc
  ) = 1
),

placed as (
  select
    *,
    coalesce({{ time }}, _exported_at) as _from,
    lead({{ time }}) over (partition by {{ key }} order by _clock, _exported_at) as _next
  from version
),

begun as (
  select * except (_from, _next), if(_next < _from, _next, _from) as valid_from
  from placed
)

select
  * except (_clock, valid_from),
  {%- if is_deleted %}
  {{ is_deleted }} as is_deleted,
  {%- endif %}
  valid_from,
  lead(valid_from) over (partition by {{ key }} order by _clock, _exported_at) as valid_to
from begun
    {%- endif -%}
{% endmacro %}
