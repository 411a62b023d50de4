{#- A table with one row per key, kept from the rows that its raw table has since the last run (macros/merge.sql).

    Labels of the table say what is merged. They are written after the merge: a run that ended in between merges the same
    rows again, which changes nothing, and so does a table without labels, with all rows. A raw table that has not changed
    since is not read. With `--full-refresh` all rows are merged into the table as it is: keys whose raw rows have expired
    stay, and views can be queried meanwhile. -#}
{% materialization current_table, adapter='bigquery' %}
    {%- set raw_relation = existing('zendesk', config.meta_require('raw')) -%}
    {%- set relation = this.incorporate(type='table') -%}
    {%- set relations, done = [], 'never exported' -%}
    {{ run_hooks(pre_hooks) }}
    {%- if raw_relation -%}
        {%- do relations.append(relation) -%}
        {%- set raw = adapter.get_bq_table(raw_relation) -%}
        {%- set spec = spec_of(raw, raw_relation, relation) -%}
        {%- set current = computed(spec, like_raw(spec, raw, raw_relation, relation), relation) -%}
        {%- set merged = none if should_full_refresh() else recorded(current) -%}
        {%- set seen = {'raw_rows': raw.num_rows | string, 'raw_modified': milliseconds(raw.modified)} -%}
        {%- if merged and merged.raw_rows == seen.raw_rows and merged.raw_modified == seen.raw_modified -%}
            {%- set done = 'unchanged' -%}
        {%- else -%}
            {%- set done = merge_unmerged(spec, current, merged, seen) -%}
        {%- endif -%}
    {%- endif -%}
    {%- call noop_statement('main', done, done, 0) -%}{{ sql }}{%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': relations}) }}
{% endmaterialization %}

{% macro spec_of(raw, raw_relation, relation) %}
    {{ return({
        'raw': raw_relation | string,
        'current': relation | string,
        'columns': raw.schema | map(attribute='name') | list,
        'computed': computed_of(raw),
        'key': config.meta_get('key', 'id'),
        'clock': config.meta_require('clock'),
        'is_whole': config.meta_get('is_whole'),
        'stub_columns': config.meta_get('stub_columns', []),
        'partition': partition_of(config.meta_get('current_partition')),
    }) }}
{% endmacro %}

{#- `partition`: {by: ids, hash or day; on: a column, except for hash}, or none for a small table. -#}
{% macro partition_of(partition) %}
    {%- if not partition -%}{{ return(none) }}{%- endif -%}
    {%- set size = {'ids': var('ticket_ids_per_partition'), 'hash': 3000}.get(partition.by) -%}
    {{ return({'by': partition.by, 'on': partition.get('on'), 'size': size}) }}
{% endmacro %}

{#- Merges, and records it. Returns what to log. -#}
{% macro merge_unmerged(spec, current, merged, seen) %}
    {%- set late = late_exports(config.meta_require('raw'), merged.read_at) if merged else [] -%}
    {%- set found = run_query(partitions_of_unmerged(spec, merged, late)).rows -%}
    {%- set condition = unmerged(merged, found[0]['is_as_recorded'], late) -%}
    {%- set is_empty = current.num_rows == 0 and not merged -%}
    {%- set slices = slices_of(found) -%}
    {%- for runs in slices -%}
        {%- call statement('merge') -%}
            {{ first_statement(spec, runs) if is_empty and runs else merge_statement(spec, condition, runs, rewrite=should_full_refresh()) }}
        {%- endcall -%}
    {%- endfor -%}
    {%- if found[0]['merged_to'] is not none -%}
        {%- do seen.update({
            'merged_to': found[0]['merged_to'] | int | string,
            'merged_rows': found[0]['merged_rows'] | int | string,
            'read_at': found[0]['read_at'] | int | string,
        }) -%}
        {%- do record(spec, current, seen) -%}
    {%- endif -%}
    {{ return('merged' if slices else 'nothing new') }}
{% endmacro %}

{#- The partitions of each slice, and none for rows that are in no partition. -#}
{% macro slices_of(found) %}
    {%- set slices = [] -%}
    {%- for slice in found | map(attribute='slice') | reject('none') | unique -%}
        {%- set runs = [] -%}
        {%- for row in found if row['slice'] == slice -%}{%- do runs.append([row['first'], row['beyond']]) -%}{%- endfor -%}
        {%- do slices.append(runs) -%}
    {%- endfor -%}
    {%- if found[0]['outside'] > 0 -%}{%- do slices.append(none) -%}{%- endif -%}
    {{ return(slices) }}
{% endmacro %}

{#- What the labels say is merged, or none. -#}
{% macro recorded(current) %}
    {%- set labels = current.labels -%}
    {%- if not labels.get('merged_to') -%}{{ return(none) }}{%- endif -%}
    {{ return({
        'to': labels['merged_to'] | int,
        'rows': labels['merged_rows'] | int,
        'read_at': labels['read_at'] | int,
        'raw_rows': labels['raw_rows'],
        'raw_modified': labels['raw_modified'],
    }) }}
{% endmacro %}

{% macro record(spec, current, seen) %}
    {%- set known, labels = dict(current.labels, **seen), [] -%}
    {%- if spec.computed -%}{%- do known.update({'computed': computed_label(spec, known)}) -%}{%- endif -%}
    {%- for name, value in known.items() -%}
        {%- do labels.append("('" ~ name ~ "', '" ~ value ~ "')") -%}
    {%- endfor -%}
    {%- call statement('record') -%}
alter table {{ spec.current }} set options (labels = [{{ labels | join(', ') }}])
    {%- endcall -%}
{% endmacro %}

{% macro milliseconds(moment) %}
    {{ return((moment.timestamp() * 1000) | int | string) }}
{% endmacro %}

{#- Exports of which rejected records were loaded since `read_at` (microseconds), as [day, after the last day, id]: such rows
    have the time of the export in which they were rejected. The query has no constants of a model, so that BigQuery's
    cache answers it for all models while the table is unchanged. -#}
{% macro late_exports(table, read_at) %}
    {%- set rejected, exports = existing('zendesk', 'REJECTED_RECORD'), [] -%}
    {%- if rejected -%}
        {%- set query -%}
select
  stream,
  run_id,
  unix_micros(max(resolved_at)) as resolved_at,
  cast(date_sub(date(min(rejected_at)), interval 7 day) as string) as first,
  cast(date_add(date(max(rejected_at)), interval 2 day) as string) as beyond
from {{ rejected }}
where resolved_at is not null and rejected_by = 'target-bigquery'
group by stream, run_id
        {%- endset -%}
        {%- for row in run_query(query).rows if row['stream'] == table and row['resolved_at'] > read_at - 3600000000 -%}
            {%- do exports.append([row['first'], row['beyond'], row['run_id']]) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(exports) }}
{% endmacro %}

{#- The current table, with all columns of the raw table and their policy tags before a row arrives. A MERGE keeps the
    tags; CREATE OR REPLACE TABLE would lose them. -#}
{% macro like_raw(spec, raw, raw_relation, relation) %}
    {%- set current = adapter.get_bq_table(relation) -%}
    {%- if not current -%}
        {%- call statement('create') -%}{{ create_statement(spec, raw) }}{%- endcall -%}
        {%- set current = adapter.get_bq_table(relation) -%}
    {%- endif -%}
    {%- set types, added = types_of(current), [] -%}
    {%- set is_nested = namespace(other=false) -%}
    {%- for field in raw.schema -%}
        {%- set column = api.Column.create_from_field(field) -%}
        {%- set present = types.get(field.name | lower) -%}
        {%- if not present -%}
            {%- do added.append(column) -%}
        {%- elif present != column.data_type -%}
            {%- set is_nested.other = true -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for name, column in config.meta_get('computed', {}) | dictsort if name not in types -%}
        {%- do added.append(api.Column(name, column.type)) -%}
    {%- endfor -%}
    {%- if added -%}{%- do adapter.alter_table_add_columns(relation, added) -%}{%- endif -%}
    {%- if is_nested.other -%}
        {%- do adapter.sync_struct_columns('append_new_columns', raw_relation, relation, {}) -%}
    {%- endif -%}
    {%- if added or is_nested.other -%}{%- set current = adapter.get_bq_table(relation) -%}{%- endif -%}
    {%- do refuse_other_types(raw, current) -%}
    {%- set tags, present = {}, {} -%}
    {%- do policy_tags(raw.schema, '', tags) -%}
    {%- for name in overridden(spec).split(',') if spec.is_whole -%}
        {%- do policy_tags(raw.schema | selectattr('name', 'equalto', name), '_stub_', tags) -%}
    {%- endfor -%}
    {%- do policy_tags(current.schema, '', present) -%}
    {%- set wanted = {} -%}
    {%- for path, tag in tags.items() if present.get(path) != tag -%}
        {%- do wanted.update({path: {'policy_tags': tag}}) -%}
    {%- endfor -%}
    {%- if wanted -%}{%- do adapter.update_columns(relation, wanted) -%}{%- endif -%}
    {{ return(current) }}
{% endmacro %}

{% macro create_statement(spec, raw) %}
    {%- set types = types_of(raw) -%}
create table if not exists {{ spec.current }} (
    {%- for field in raw.schema %}
  `{{ field.name }}` {{ types[field.name | lower] }},
    {%- endfor %}
    {%- for name, column in config.meta_get('computed', {}) | dictsort %}
  `{{ name }}` {{ column.type }},
    {%- endfor %}
    {%- for name in hidden_columns(spec).split(',') %}
  `{{ name }}` {{ types[name[6:] | lower] if name.startswith('_stub_') else 'int64' if name == '_bucket' else 'bool' }}{{ ',' if not loop.last }}
    {%- endfor %}
)
{{ partition_clause(spec) if spec.partition }}
cluster by `{{ spec.key }}`
{% endmacro %}

{% macro types_of(table) %}
    {%- set types = {} -%}
    {%- for field in table.schema -%}
        {%- do types.update({field.name | lower: api.Column.create_from_field(field).data_type}) -%}
    {%- endfor -%}
    {{ return(types) }}
{% endmacro %}

{% macro refuse_other_types(raw, current) %}
    {%- set types = types_of(current) -%}
    {%- for name, type in types_of(raw).items() if types[name] != type -%}
        {%- do exceptions.raise_compiler_error(
            "column " ~ name ~ " is " ~ type ~ " in " ~ raw.table_id ~ " and " ~ types[name] ~ " in " ~ current.table_id
            ~ ": rename " ~ current.table_id ~ ", and run dbt again"
        ) -%}
    {%- endfor -%}
{% endmacro %}

{#- Adds {path: names of policy tags} of tagged columns to `tags`; nested columns have them, not their records. -#}
{% macro policy_tags(fields, prefix, tags) %}
    {%- for field in fields -%}
        {%- if field.fields -%}
            {%- do policy_tags(field.fields, prefix ~ field.name ~ '.', tags) -%}
        {%- elif field.policy_tags and field.policy_tags.names -%}
            {%- do tags.update({prefix ~ field.name: field.policy_tags.names | list}) -%}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}
