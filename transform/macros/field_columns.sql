{#- A view with a column for each custom field of tickets, users or organizations, in the type of the field.

    Column names are kept in the table custom_field_column: a name is made once, from the field's key or, of ticket fields,
    from the title that the field has when dbt first sees it. Renaming a field does not rename its column; deleted and
    deactivated fields keep theirs. To choose another name, update column_name there.

    The view is replaced only when its definition has changed, by the hash in its label, or if it has no descriptions: a run
    may end before they are written. -#}
{% materialization field_columns, adapter='bigquery' %}
    {%- set object = config.require('object') -%}
    {%- set relation = this.incorporate(type='view') -%}
    {{ run_hooks(pre_hooks) }}
    {%- set fields = named_fields(object) if existing('zendesk', object ~ '_field') else [] -%}
    {%- set definition, columns = field_columns_view(object, fields), described_columns(object, fields) -%}
    {%- set digest = local_md5(definition ~ columns | tojson) -%}
    {%- set known = load_cached_relation(this) -%}
    {%- if known and is_complete(adapter.get_bq_table(known), digest) -%}
        {%- call noop_statement('main', 'unchanged', 'unchanged', 0) -%}{{ sql }}{%- endcall -%}
    {%- else -%}
        {%- call statement('main') -%}
create or replace view {{ this }}
options (labels = [('definition', '{{ digest }}')])
as {{ definition }}
        {%- endcall -%}
        {%- do adapter.update_columns(relation, columns) -%}
    {%- endif -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}

{% macro is_complete(view, digest) %}
    {{ return(view.labels.get('definition') == digest and view.schema | selectattr('description') | list | length > 0) }}
{% endmacro %}

{#- A table that dbt creates, by the model's statement, and that other models fill. -#}
{% materialization created_once, adapter='bigquery' %}
    {%- set relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {%- if load_cached_relation(this) -%}
        {%- call noop_statement('main', 'unchanged', 'unchanged', 0) -%}{{ sql }}{%- endcall -%}
    {%- else -%}
        {%- call statement('main') -%}{{ sql }}{%- endcall -%}
    {%- endif -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}

{#- The custom fields with their column names, by ID. New fields are added to custom_field_column. -#}
{% macro named_fields(object) %}
    {%- set names = ref('custom_field_column') -%}
    {%- set fields, taken, added = [], reserved_columns(object), [] -%}
    {%- for row in run_query(fields_query(object, names)).rows -%}{%- do fields.append(fromjson(row['definition'])) -%}{%- endfor -%}
    {%- for field in fields if field.column_name -%}{%- do taken.extend(columns_of_field(field)) -%}{%- endfor -%}
    {%- for field in fields if not field.column_name -%}
        {%- do field.update({'column_name': new_column_name(field, taken)}) -%}
        {%- do taken.extend(columns_of_field(field)) -%}
        {%- do added.append(field) -%}
    {%- endfor -%}
    {%- if added -%}
        {%- call statement('added') -%}{{ add_field_names(names, object, added) }}{%- endcall -%}
    {%- endif -%}
    {{ return(fields) }}
{% endmacro %}

{% macro add_field_names(names, object, fields) %}
insert into {{ names }} (object, field_id, field_key, field_type, target_type, column_name, first_title, added_at)
values
    {%- for field in fields %}
  (
    '{{ object }}', {{ field.id }}, {{ string_literal(field.key) }}, {{ string_literal(field.type) }},
    {{ string_literal(field.target_type) }}, '{{ field.column_name }}', {{ string_literal(field.title) }}, current_timestamp()
  ){{ ',' if not loop.last }}
    {%- endfor %}
{% endmacro %}

{#- One row per field, as JSON: dbt would take a column of titles that are all numbers for numbers. -#}
{% macro fields_query(object, names) %}
select
  to_json_string(struct(
    coalesce(field.id, named.field_id) as id,
    coalesce(named.field_key, field.key) as key,
    coalesce(named.field_type, field.type) as type,
    coalesce(named.target_type, field.relationship_target_type) as target_type,
    named.column_name as column_name,
    coalesce(field.title, named.first_title) as title,
    field.id is null as is_deleted,
    ifnull(field.active, true) as is_active,
    trim(regexp_replace(
      lower(regexp_replace(
        normalize(coalesce({{ 'field.title' if object == 'ticket' else 'field.key, field.title' }}, ''), NFKD), r'\pM', ''
      )),
      '[^a-z0-9]+', '_'
    ), '_') as slug,
    array(
      select as struct option.value as value, option.name as name
      from unnest(field.custom_field_options) as option
      where option.value is not null
    ) as options
  )) as definition
from {{ ref(object ~ '_field_latest') }} as field
full join (select * from {{ names }} where object = '{{ object }}') as named on named.field_id = field.id
where named.field_id is not null or field.type in ('{{ custom_field_types() | join("', '") }}')
order by coalesce(field.id, named.field_id)
{% endmacro %}

{#- https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_fields/ and
    https://developer.zendesk.com/api-reference/ticketing/users/user_fields/, read on 27 November 2026. Types of Zendesk's
    own ticket fields, such as subject, are not among them. -#}
{% macro custom_field_types() %}
    {{ return([
        'text', 'textarea', 'regexp', 'partialcreditcard', 'checkbox', 'integer', 'decimal', 'date', 'tagger', 'dropdown',
        'multiselect', 'lookup',
    ]) }}
{% endmacro %}

{% macro reserved_columns(object) %}{{ return([object ~ '_id', 'is_deleted']) }}{% endmacro %}

{#- The column of the field and, if it has options, that of their labels. -#}
{% macro columns_of_field(field) %}
    {%- set suffix = {'tagger': '_label', 'dropdown': '_label', 'multiselect': '_labels'}.get(field.type) -%}
    {{ return([field.column_name] + ([field.column_name ~ suffix] if suffix else [])) }}
{% endmacro %}

{#- A name that needs no backticks, in lower case, and that no other field has. -#}
{% macro new_column_name(field, taken) %}
    {%- set name = field.slug[:100].strip('_') -%}
    {%- if not name -%}
        {%- set name = 'field_' ~ field.id -%}
    {%- elif name[0].isdigit() or name in reserved_words() -%}
        {%- set name = 'field_' ~ name -%}
    {%- endif -%}
    {%- set wanted = columns_of_field(dict(field, column_name=name)) -%}
    {{ return(name if not wanted | select('in', taken) | list else name ~ '_' ~ field.id) }}
{% endmacro %}

{#- https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/lexical#reserved_keywords, read on 27 November 2026. -#}
{% macro reserved_words() %}
    {{ return((
        'all and any array as asc assert_rows_modified at between by case cast collate contains create cross cube current '
        ~ 'default define desc distinct else end enum escape except exclude exists extract false fetch following for from '
        ~ 'full group grouping groups hash having if ignore in inner intersect interval into is join lateral left like '
        ~ 'limit lookup merge natural new no not null nulls of on or order outer over partition preceding proto qualify '
        ~ 'range recursive respect right rollup rows select set some struct tablesample then to treat true unbounded union '
        ~ 'unnest using when where window with within'
    ).split(' ')) }}
{% endmacro %}

{% macro string_literal(text) %}
    {%- if text is none -%}{{ return('null') }}{%- endif -%}
    {{ return("'" ~ text | replace('\\', '\\\\') | replace("'", "\\'") | replace('\n', '\\n') | replace('\r', '\\r') ~ "'") }}
{% endmacro %}

{% macro field_columns_view(object, fields) %}
    {%- set labelled = (fields | map(attribute='options') | map('tojson') | map('length') | sum) < 500000 -%}
    {%- if not labelled -%}
        {{ exceptions.warn(this.identifier ~ ': the options of the fields are too many for one view; labels are values') }}
    {%- endif -%}
select
  id as {{ object }}_id,
  is_deleted
    {%- for field in fields %}
      {%- for column in columns_of_field(field) %},
  {{ field_value(object, field) if loop.first else field_label(object, field, labelled) }} as {{ column }}
      {%- endfor %}
    {%- endfor %}
from {{ ref(object ~ '_latest') }}
    {%- if object == 'ticket' and fields %}
cross join {{ fields_of_ticket(fields) }} as of_ticket
    {%- endif %}
{% endmacro %}

{#- One row, with the text or JSON of each custom field by its column's name. Looked up in one pass: a subquery for each column
    costs as much again for each. -#}
{% macro fields_of_ticket(fields) -%}
unnest([(
  select as struct
    {%- for field in fields %}
    max(if(field.id = {{ field.id }}, {{ 'to_json_string' if field.type == 'multiselect' else 'json_value' }}(field.value), null)) as {{ field.column_name }}{{ ',' if not loop.last }}
    {%- endfor %}
  from unnest(custom_fields) as field
)])
{%- endmacro %}

{#- As adapter.update_columns takes them. -#}
{% macro described_columns(object, fields) %}
    {%- set columns = {} -%}
    {%- for column in model.columns.values() -%}
        {%- do columns.update({column.name: {'description': column.description}}) -%}
    {%- endfor -%}
    {%- for field in fields -%}
        {%- for column in columns_of_field(field) -%}
            {%- do columns.update({column: {'description': field_description(field, is_label=not loop.first)}}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}

{% macro field_description(field, is_label) %}
    {%- set state = 'deleted in Zendesk, ' if field.is_deleted else 'deactivated, ' if not field.is_active else '' -%}
    {%- set target = ' to ' ~ field.target_type if field.target_type else '' -%}
    {%- set about = ' (' ~ ('label, ' if is_label else '') ~ state ~ field.type ~ target ~ ', field ' ~ field.id ~ ')' -%}
    {{ return((field.title or '')[:900] ~ about) }}
{% endmacro %}

{#- The field's value as text; of a field with several options, as a list. -#}
{% macro field_text(object, field) %}
    {%- if object == 'ticket' -%}
        {%- set found = 'of_ticket.' ~ field.column_name -%}
        {{ return('json_value_array(' ~ found ~ ')' if field.type == 'multiselect' else found) }}
    {%- endif -%}
    {%- set json = 'json_query(' ~ object ~ '_fields, ' ~ string_literal('$."' ~ field.key ~ '"') ~ ')' -%}
    {{ return(('json_value_array(' if field.type == 'multiselect' else 'json_value(') ~ json ~ ')') }}
{% endmacro %}

{#- The field's value in its type; null if it is not of that type. -#}
{% macro field_value(object, field) %}
    {%- set text = field_text(object, field) -%}
    {%- if field.type == 'date' -%}{{ return('safe_cast(left(' ~ text ~ ', 10) as date)') }}
    {%- elif field.type == 'checkbox' -%}{{ return('safe_cast(' ~ text ~ ' as bool)') }}
    {%- elif field.type == 'decimal' -%}{{ return('safe_cast(' ~ text ~ ' as numeric)') }}
    {%- elif field.type == 'integer' or (field.type == 'lookup' and not (field.target_type or '').startswith('zen:custom_object')) -%}
        {{ return('safe_cast(' ~ text ~ ' as int64)') }}
    {%- else -%}{{ return(text) }}
    {%- endif -%}
{% endmacro %}

{#- The label of the option, or of each; of an option that the field no longer has, its value. -#}
{% macro field_label(object, field, labelled) %}
    {%- set text = field_text(object, field) -%}
    {%- if field.type == 'multiselect' -%}
        {{ return('array(select ' ~ option_label('option', field, labelled) ~ ' from unnest(' ~ text
            ~ ') as option with offset as place order by place)') }}
    {%- endif -%}
    {{ return(option_label(text, field, labelled)) }}
{% endmacro %}

{% macro option_label(value, field, labelled) %}
    {%- set cases = [] -%}
    {%- for option in field.options if labelled and option.name is not none -%}
        {%- do cases.append(' when ' ~ string_literal(option.value) ~ ' then ' ~ string_literal(option.name)) -%}
    {%- endfor -%}
    {{ return('case ' ~ value ~ cases | join ~ ' else ' ~ value ~ ' end' if cases else value) }}
{% endmacro %}
