{#- SQL of each computed column; null if the raw table lacks what it reads. Sorted, because dbt-extractor 0.6.0 changes the
    order of keys in `meta` from one parse to the next, and another order would be another label. -#}
{% macro computed_of(raw) %}
    {%- set paths, found = [], {} -%}
    {%- do field_paths(raw.schema, '', paths) -%}
    {%- for name, column in config.meta_get('computed', {}) | dictsort -%}
        {%- set is_known = column.of | reject('in', paths) | list | length == 0 -%}
        {%- do found.update({name: column.sql if is_known else 'cast(null as ' ~ column.type ~ ')'}) -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}

{% macro field_paths(fields, prefix, paths) %}
    {%- for field in fields -%}
        {%- do paths.append(prefix ~ field.name) -%}
        {%- do field_paths(field.fields, prefix ~ field.name ~ '.', paths) -%}
    {%- endfor -%}
{% endmacro %}

{#- The current table, with the computed columns of the rows that it has: another release may have written these. -#}
{% macro computed(spec, current, relation) %}
    {%- if spec.computed and current.num_rows > 0 and current.labels.get('computed') != computed_label(spec, current.labels) -%}
        {%- for runs in slices_of(run_query(partitions_of_unmerged(dict(spec, raw=spec.current), none)).rows) -%}
            {%- call statement('compute') -%}{{ compute_statement(spec, runs) }}{%- endcall -%}
        {%- endfor -%}
        {%- do record(spec, current, {}) -%}
        {%- set current = adapter.get_bq_table(relation) -%}
    {%- endif -%}
    {{ return(current) }}
{% endmacro %}

{#- Changes with the SQL, and with every merge: one by a release that computes nothing leaves the label as it was. -#}
{% macro computed_label(spec, labels) %}
    {{ return(local_md5(spec.computed | string ~ labels.get('read_at'))) }}
{% endmacro %}
