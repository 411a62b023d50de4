{#- Statements that keep a current table, as text only: tests render them without dbt.

    `spec` describes the table: `raw` and `current` (relations), `columns` (names of the raw table's columns), `computed` (SQL by
    the name of a column that it computes from these; without the policy tags that they may have), `key`, `clock`, `is_whole`,
    `stub_columns`, and `partition` (see models/current). What a current table has of a key are the versions
    that decide what its view shows, now and after any later row:

    - the whole row with the largest clock, then of the latest export; and the latest whole row without a clock;
    - the same two of deletion stubs;
    - stubs with larger clocks than any whole row, of earlier exports than every stub with a larger clock yet: a row without
      a clock counts as just newer than what was exported before it, and only these say how new that is.

    One of them is shown, nearly always the only one. The others have `_is_superseded`. Where a stub overrides the version
    that is shown, `_has_stub` is true, and its values are in `_stub_<column>`. These columns are null otherwise, and cost
    nothing. -#}

{#- Names of its columns beside those of the raw table, with commas between. -#}
{% macro hidden_columns(spec) -%}
_is_superseded
{%- if spec.is_whole %},_is_stub,_has_stub,_stub_{{ overridden(spec).split(',') | join(',_stub_') }}{% endif %}
{%- if spec.partition and spec.partition.by == 'hash' %},_bucket{% endif %}
{%- endmacro %}

{#- The columns that a later stub overrides, with commas between. -#}
{% macro overridden(spec) -%}
{{ (spec.stub_columns + ['_export_id', '_exported_at']) | join(',') }}
{%- endmacro %}

{#- The column or expression by which rows are partitioned. A key's rows are all in one partition: it is a function of the
    key, or of a column that never changes. Null is possible for the latter. -#}
{% macro partitioned_on(spec, row=none) %}
    {%- if spec.partition.by == 'hash' -%}
        {{- row ~ '._bucket' if row else 'abs(mod(farm_fingerprint(cast(`' ~ spec.key ~ '` as string)), ' ~ spec.partition.size ~ '))' -}}
    {%- else -%}
        {{- (row ~ '.' if row else '') ~ '`' ~ spec.partition.on ~ '`' -}}
    {%- endif -%}
{% endmacro %}

{% macro partition_clause(spec) %}
    {%- if spec.partition.by == 'day' -%}
partition by timestamp_trunc(`{{ spec.partition.on }}`, day)
    {%- else -%}
        {%- set size = spec.partition.size -%}
        {%- set last, step = (size, 1) if spec.partition.by == 'hash' else (9999 * size, size) -%}
partition by range_bucket(`{{ spec.partition.on or '_bucket' }}`, generate_array(0, {{ last }}, {{ step }}))
    {%- endif -%}
{% endmacro %}

{#- A partition as a number, so that neighbors have numbers in sequence. -#}
{% macro partition_number(spec) %}
    {%- if not spec.partition -%}
0
    {%- elif spec.partition.by == 'day' -%}
unix_date(date(`{{ spec.partition.on }}`))
    {%- elif spec.partition.by == 'ids' -%}
div(`{{ spec.partition.on }}`, {{ spec.partition.size }})
    {%- else -%}
{{ partitioned_on(spec) }}
    {%- endif -%}
{% endmacro %}

{#- A condition of constants, because BigQuery prunes by nothing else. `runs`: neighboring partitions as [first, after the
    last]; none for the rows that are in none. -#}
{% macro in_partitions(spec, runs, row=none) %}
    {%- set on = partitioned_on(spec, row) if spec.partition else '' -%}
    {%- if not spec.partition or (row and runs is none) -%}
true
    {%- elif runs is none -%}
{{ on }} is null
    {%- else -%}
(
        {%- for first, beyond in runs %}
        {{- ' or ' if not loop.first }}
        {%- set first, beyond = ("timestamp '" ~ first ~ "'", "timestamp '" ~ beyond ~ "'") if spec.partition.by == 'day' else (first, beyond) -%}
{{ on }} >= {{ first }} and {{ on }} < {{ beyond }}
        {%- endfor -%}
        {{- ' or ' ~ on ~ ' is null' if row and spec.partition.on not in (none, spec.key) -}}
)
    {%- endif -%}
{% endmacro %}

{#- Raw rows that the current table may lack. `merged`: what a merge recorded, none for all rows. Rows up to `to`
    (microseconds) are in the table, if there are still as many of the last day before it. `late`: earlier exports of which
    rejected records were loaded afterwards, as [day, after the last day, id]. -#}
{% macro unmerged(merged, is_as_recorded, late) %}
    {%- if not merged -%}
true
    {%- else -%}
        {%- set recent = '_exported_at ' ~ ('> ' if is_as_recorded else '>= ') ~ since(merged, is_as_recorded) -%}
({{ recent }}
        {%- for first, beyond, export_id in late %}
  or (_exported_at >= timestamp '{{ first }}' and _exported_at < timestamp '{{ beyond }}' and _export_id = '{{ export_id }}')
        {%- endfor -%}
)
    {%- endif -%}
{% endmacro %}

{% macro since(merged, is_as_recorded) -%}
timestamp_micros({{ merged.to if is_as_recorded else merged.to - 86400000000 }})
{%- endmacro %}

{#- Which partitions the unmerged rows are in: one row for each run of neighbors, at most `slice` partitions to a slice, or
    a row with nulls. On every row: what a merge of them will have merged. -#}
{% macro partitions_of_unmerged(spec, merged, late=[], slice=3999) %}
with scanned as (
  select
    _exported_at,
    {{ partition_number(spec) }} as number,
    {{ unmerged(merged, true, late) }} as is_unmerged
  from {{ spec.raw }}
  where {{ unmerged(merged, false, late) }}
),

summary as (
  select
    least(max(_exported_at), current_timestamp()) as merged_to, -- rows from a clock that is ahead are read again
    {{ 'countif(_exported_at >= ' ~ since(merged, false) ~ ' and _exported_at <= ' ~ since(merged, true) ~ ') = ' ~ merged.rows if merged else 'false' }} as is_as_recorded
  from scanned
),

recent as (
  select count(*) as merged_rows
  from scanned
  cross join summary
  where _exported_at >= timestamp_sub(merged_to, interval 1 day) and _exported_at <= merged_to
),

wanted as (
  select distinct number
  from scanned
  cross join summary
  where is_unmerged or not is_as_recorded
),

placed as (
  select number, row_number() over (order by number) - 1 as place
  from wanted
  where number is not null
),

run as (
  select div(place, {{ slice }}) as slice, min(number) as first, max(number) + 1 as beyond
  from placed
  group by slice, number - place
)

select
  unix_micros(summary.merged_to) as merged_to,
  recent.merged_rows,
  summary.is_as_recorded,
  unix_micros(current_timestamp()) as read_at,
  (select count(*) from wanted where number is null) as outside,
  run.slice,
    {%- for end in ('first', 'beyond') %}
    {%- set number = 'run.' ~ end %}
    {%- if spec.partition and spec.partition.by == 'day' %}
  cast(date_from_unix_date({{ number }}) as string) as `{{ end }}`{{ ',' if not loop.last }}
    {%- else %}
  {{ number ~ (' * ' ~ spec.partition.size if spec.partition and spec.partition.by == 'ids') }} as `{{ end }}`{{ ',' if not loop.last }}
    {%- endif %}
    {%- endfor %}
from summary
cross join recent
left join run on true
order by run.slice, run.first
{% endmacro %}

{#- Merges the raw rows for which `condition` holds, of the partitions `runs`. To repeat it changes no row: a version that the
    table has is not written again, except with `rewrite`. -#}
{% macro merge_statement(spec, condition, runs=none, rewrite=false) %}
    {%- set key, clock, stub = '`' ~ spec.key ~ '`', '`' ~ spec.clock ~ '`', spec.is_whole -%}
    {%- set hidden = hidden_columns(spec).split(',') -%}
    {%- set written = spec.columns + spec.computed | list + hidden -%}
    {%- set known = [spec.key, spec.clock, '_exported_at'] + (overridden(spec).split(',') if stub else []) -%}
merge into {{ spec.current }} as current_row
using (
  with {{ new_rows(spec, condition, runs) | indent(2) }},

  version as (
    select {{ new_version() }}
    from new_row
    union all
    select
      {%- for column in spec.columns %}
      {{ ('`' ~ column ~ '`') if column in known else 'null' }},
      {%- endfor %}
      {%- for column in spec.computed %}
      null,
      {%- endfor %}
      {{ 'ifnull(_is_stub, false)' if stub else 'false' }},
      true,
      _is_superseded,
      {{ '_has_stub' if stub else 'cast(null as bool)' }}
    from {{ spec.current }} as current_row
    where {{ in_partitions(spec, runs, 'current_row') }}
      and {{ key }} in (select {{ key }} from new_row)
  ),

  {{ decided(spec, rewrite) | indent(2) }}

  select *
  from flagged
  where if(
    _is_known,
    {{ '_is_rewritten or ' if rewrite }}_is_first and (
      not _is_kept or ifnull(_was_superseded, false) != ifnull(_is_superseded, false)
        {{- ' or ifnull(_had_stub, false) or ifnull(_has_stub, false)' if stub }}
    ),
    _is_kept
  )
) as change
on {{ in_partitions(spec, runs, 'current_row') }}
  and change._is_known
  and current_row.{{ key }} = change.{{ key }}
  and current_row._exported_at = change._exported_at
  and (current_row.{{ clock }} = change.{{ clock }} or current_row.{{ clock }} is null and change.{{ clock }} is null)
  {%- if stub %}
  and ifnull(current_row._is_stub, false) = ifnull(change._is_stub, false)
  {%- endif %}
when matched and change._is_kept then update set
    {%- for column in hidden if column not in ('_bucket', '_is_stub') %}
  {{ column }} = change.{{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
when matched then delete
when not matched and not change._is_known then insert (`{{ written | join('`, `') }}`)
values (change.`{{ written | join('`, change.`') }}`)
{% endmacro %}

{#- Inserts the raw rows of the partitions `runs`, and of those between them, into a table that has no row in these. A key with
    one row, which nearly every key has after a first export, needs no decision. Rows that are in no partition have to be
    merged after it: others of their keys may be in one. -#}
{% macro first_statement(spec, runs) %}
    {%- set key, hidden = '`' ~ spec.key ~ '`', hidden_columns(spec).split(',') -%}
    {%- set columns = spec.columns + spec.computed | list -%}
    {%- set written = '`' ~ (columns + hidden) | join('`, `') ~ '`' -%}
    {%- set runs = [[runs[0][0], runs[-1][1]]] -%}
insert into {{ spec.current }} ({{ written }})
with {{ new_rows(spec, 'true', runs) }},

repeated as (
  select {{ key }}
  from {{ spec.raw }}
  where {{ in_partitions(spec, runs) }}
  group by {{ key }}
  having count(*) > 1
),

version as (
  select {{ new_version() }}
  from new_row
  where {{ key }} in (select {{ key }} from repeated)
),

{{ decided(spec) }}

select {{ written }}
from flagged
where _is_kept
union all
select
    {%- for column in columns %}
  `{{ column }}`,
    {%- endfor %}
    {%- for column in hidden %}
  {{ {'_is_stub': 'if(_is_stub, true, null)', '_bucket': partitioned_on(spec) if '_bucket' in hidden}.get(column, 'null') }}{{ ',' if not loop.last }}
    {%- endfor %}
from new_row
where not exists (select 1 from repeated where repeated.{{ key }} = new_row.{{ key }})
{% endmacro %}

{#- Computes the columns of the rows that the table has: those of an earlier release lack them. Slices are those of
    partitions_of_unmerged, read from the current table. -#}
{% macro compute_statement(spec, runs) %}
update {{ spec.current }} set
    {%- for column, sql in spec.computed.items() %}
  `{{ column }}` = {{ sql }}{{ ',' if not loop.last }}
    {%- endfor %}
where {{ in_partitions(spec, runs) }}
{% endmacro %}

{#- `new_row`: rows of the raw table, in partitions of the current one. -#}
{% macro new_rows(spec, condition, runs) -%}
new_row as (
  select
    {%- for column in spec.columns %}
    `{{ column }}`,
    {%- endfor %}
    {%- for column, sql in spec.computed.items() %}
    {{ sql }} as `{{ column }}`,
    {%- endfor %}
    {{ 'not (' ~ spec.is_whole ~ ')' if spec.is_whole else 'false' }} as _is_stub
  from {{ spec.raw }}
  where {{ condition }}
    and {{ in_partitions(spec, runs) }}
)
{%- endmacro %}

{% macro new_version() -%}
*, false as _is_known, cast(null as bool) as _was_superseded, cast(null as bool) as _had_stub
{%- endmacro %}

{#- `flagged`: rows of `version` with what decides whether each is kept and shown. -#}
{% macro decided(spec, rewrite=false) -%}
    {%- set key, clock, stub = '`' ~ spec.key ~ '`', '`' ~ spec.clock ~ '`', spec.is_whole -%}
    {%- set columns = overridden(spec).split(',') if stub else [] -%}
    {%- set hidden = hidden_columns(spec).split(',') -%}
    {%- set same_version = 'partition by ' ~ key ~ ', ' ~ clock ~ ', _exported_at, _is_stub' -%}
    {%- set same_key = 'partition by ' ~ key ~ ', _is_kept' -%}
distinct_version as (
  select
    *,
    row_number() over ({{ same_version }} order by _is_known{{ ' desc' if not rewrite }}) = 1 as _is_first,
    {%- if rewrite %}
    _is_known and countif(not _is_known) over ({{ same_version }}) > 0
      and row_number() over ({{ same_version }}, _is_known) = 1 as _is_rewritten,
    {%- endif %}
    max(if(_is_stub, null, {{ clock }})) over (partition by {{ key }}) as _whole_clock
  from version
),

kept as (
  select
    *,
    _is_first
    {%- if stub %}
    and not (_is_stub and ifnull({{ clock }} < _whole_clock, false))
    {%- endif %}
    and (
      row_number() over (
        partition by {{ key }}, _is_first, _is_stub, {{ clock }} is null order by {{ clock }} desc, _exported_at desc
      ) = 1
      {%- if stub %}
      or _is_stub and {{ clock }} is not null and ifnull({{ clock }} > max({{ clock }}) over (
        partition by {{ key }}, _is_first, _is_stub order by _exported_at, {{ clock }} desc
        rows between unbounded preceding and 1 preceding
      ), true)
      {%- endif %}
    ) as _is_kept
  from distinct_version
),

clocked as (
  select *, coalesce({{ clock }}, max({{ clock }}) over ({{ same_key }} order by _exported_at)) as _clock
  from kept
),

placed as (
  select
    *,
    row_number() over ({{ same_key }} order by _clock desc, _exported_at desc, {{ clock }} desc, _is_stub desc) as _place
  from clocked
),

judged as (
  select
    *,
    row_number() over ({{ same_key }} order by _is_stub, _place) = 1 as _is_shown
    {%- if stub %},
    ifnull(min(if(_is_stub, _place, null)) over ({{ same_key }}) < _place, false) and not _is_stub as _is_below_stub
    {%- for column in columns %},
    first_value({{ column }}) over ({{ same_key }} order by _is_stub desc, _place) as _stub_{{ column }}
    {%- endfor %}
    {%- endif %}
  from placed
),

flagged as (
  select
    * except (_is_stub{{ ', _stub_' ~ columns | join(', _stub_') if stub }}),
    if(_is_shown, null, true) as _is_superseded
    {%- if stub %},
    if(_is_stub, true, null) as _is_stub,
    if(_is_shown and _is_below_stub, true, null) as _has_stub
    {%- for column in columns %},
    if(_is_shown and _is_below_stub, _stub_{{ column }}, null) as _stub_{{ column }}
    {%- endfor %}
    {%- endif %}
    {%- if '_bucket' in hidden %},
    {{ partitioned_on(spec) }} as _bucket
    {%- endif %}
  from judged
)
{%- endmacro %}
