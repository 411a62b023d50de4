{#- The latest state of a model, from the table that target-bigquery appends to. -#}

{#- The last version of each row, from the model's current table.

    Without incremental exports a deleted object is a deletion stub, which has only `stub_columns`. A stub that is later
    than the last whole row overrides it in these columns.

    `ticket`: of objects that belong to tickets, {id: the column with the ticket's, personal: columns that are null once the
    ticket is scrubbed, unless: a condition for rows that stay whole}. -#}
{% macro latest_incremental(table, is_deleted=none, is_whole=none, stub_columns=[], partition=none, ticket=none) %}
    {%- set relation = ref(table ~ '_current') -%}
    {%- set deletion = ref('ticket_deletion') if ticket -%}
    {%- set relation = load_relation(relation) if execute else relation -%}
    {%- if not relation -%}
{{ no_rows() }}
    {%- else -%}
    {%- set spec = {'is_whole': is_whole, 'stub_columns': stub_columns, 'partition': partition} -%}
with latest as (
  select * except ({{ hidden_columns(spec).split(',') | join(', ') }})
    {%- if is_whole %} replace (
      {%- for column in overridden(spec).split(',') %}
    if(_has_stub, _stub_{{ column }}, {{ column }}) as {{ column }}{{ ',' if not loop.last }}
      {%- endfor %}
  )
    {%- endif %}
  from {{ relation }}
  where _is_superseded is null
)

    {%- if ticket and ticket.id in column_names(relation) %}
{{ of_tickets(ticket, column_names(relation), deletion) }}
    {%- else %}
select
  *
        {%- if is_deleted or ticket %},
  {{ is_deleted or 'cast(null as bool)' }} as is_deleted
        {%- endif %}
from latest
    {%- endif %}
    {%- endif -%}
{% endmacro %}

{#- Zendesk's export does not repeat what belongs to a ticket when the ticket is deleted or scrubbed: its state decides. -#}
{% macro of_tickets(ticket, columns, deletion) %}
    {%- set personal = ticket.personal | select('in', columns) | list -%}
select
  latest.*
    {%- if personal %} replace (
        {%- for column in personal %}
    if(ifnull(deletion.is_scrubbed, false){{ ' and not ifnull(' ~ ticket.unless ~ ', false)' if ticket.unless }}, null, latest.`{{ column }}`) as `{{ column }}`{{ ',' if not loop.last }}
        {%- endfor %}
  )
    {%- endif %},
  deletion.ticket_id is not null as is_deleted
from latest
left join {{ deletion }} as deletion on deletion.ticket_id = latest.{{ ticket.id }}
{%- endmacro %}

{#- The table, or none if the model was never exported; its view is then empty. -#}
{% macro existing(source_name, table) %}
    {%- set relation = source(source_name, table) -%}
    {{ return(load_relation(relation) if execute else relation) }}
{% endmacro %}

{#- No rows, with the columns that the model's yml documents. -#}
{% macro no_rows() %}
select
    {%- for column in model.columns.values() %}
  cast(null as {{ column.data_type }}) as `{{ column.name }}`{{ ',' if not loop.last }}
    {%- endfor %}
from unnest([1]) as nothing
where false
{% endmacro %}
