{#- The latest state of a model, from the table that target-bigquery appends to. -#}

{#- The last version of each row, from the model's current table.

    Without incremental exports a deleted object is a deletion stub, which has only `stub_columns`. A stub that is later
    than the last whole row overrides it in these columns.

    `ticket`: of objects that belong to tickets, {id: the column with the ticket's, personal: columns that are null once the
    ticket is scrubbed, unless: a condition for rows that stay whole, comments: SQL for JSON with the ids of the comments whose
    text a row has}. `user`: of objects that a user's permanent deletion removes, the column with the user's id. -#}
{% macro latest_incremental(table, is_deleted=none, is_whole=none, stub_columns=[], partition=none, ticket=none, user=none) %}
    {%- set relation = ref(table ~ '_current') -%}
    {%- set deletion = ref('ticket_deletion') if ticket -%}
    {%- set redaction = ref('comment_redaction_current') if ticket.comments -%}
    {%- set users = ref('user_current') if user -%}
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
{{ of_tickets(ticket, column_names(relation), deletion, redaction) }}
    {%- else %}
select
  *
        {%- if is_deleted or ticket %},
  {{ is_deleted or 'cast(null as bool)' }} as is_deleted
        {%- endif %}
        {%- if ticket.comments %},
  cast(null as bool) as is_redacted
        {%- endif %}
from latest
    {%- endif %}
{{ without_deleted_users(user, users) if user and execute }}
    {%- endif -%}
{% endmacro %}

{#- No export says that these objects are gone. -#}
{% macro without_deleted_users(user, users) %}
    {%- set users = load_relation(users) -%}
    {%- if users and 'permanently_deleted' in column_names(users) %}
where not ifnull(
  {{ user }} in (select id from {{ users }} where _is_superseded is null and permanently_deleted), false
)
    {%- endif %}
{%- endmacro %}

{#- Zendesk's export does not repeat what belongs to a ticket when the ticket is deleted or scrubbed: its state decides. -#}
{% macro of_tickets(ticket, columns, deletion, redaction) %}
    {%- set personal = ticket.personal | select('in', columns) | list -%}
    {%- set redaction = load_relation(redaction) if redaction and personal and execute -%}
    {%- set from, is_hidden = 'latest', 'ifnull(deletion.is_scrubbed, false)' -%}
    {%- if ticket.unless -%}{%- set is_hidden = is_hidden ~ ' and not ifnull(' ~ ticket.unless ~ ', false)' -%}{%- endif -%}
    {%- if redaction -%}
{{ with_redactions(ticket, personal, redaction) }}
        {%- set from = 'redactable' -%}
        {%- set is_hidden = is_hidden ~ ' or is_redacted and _is_unread and (not _shows_redaction or deletion.ticket_id is not null)' -%}
    {%- endif %}
select
  {{ from }}.*
    {%- if redaction %} except (is_redacted, _is_unread, _shows_redaction){% endif %}
    {%- if personal %} replace (
        {%- for column in personal %}
    if({{ is_hidden }}, null, {{ from }}.`{{ column }}`) as `{{ column }}`{{ ',' if not loop.last }}
        {%- endfor %}
  )
    {%- endif %},
  deletion.ticket_id is not null as is_deleted
    {%- if ticket.comments %},
  {{ 'is_redacted' if redaction else 'cast(null as bool) as is_redacted' }}
    {%- endif %}
from {{ from }}
left join {{ deletion }} as deletion on deletion.ticket_id = {{ from }}.{{ ticket.id }}
{%- endmacro %}

{#- Nor does the export repeat a comment that is redacted. The tap reads it again, unless its ticket is deleted. Until then the
    views hide the text of rows that are older than the redaction and do not show one; of a deleted ticket also of those that
    show one, which may be another. A redaction that is exported twice counts from the second time, so hides no less. -#}
{% macro with_redactions(ticket, personal, redaction) -%}
, redaction as (
  select
    ticket_id,
    concat('"id":"?(', string_agg(cast(comment_id as string), '|'), ')[",}]') as comments,
    logical_or(comment_id is null) as is_any,
    max(_exported_at) as redacted_at
  from {{ redaction }}
  where _is_superseded is null and ticket_id is not null
  group by ticket_id
),

redactable as (
  select
    latest.*,
    ifnull(redaction.is_any or regexp_contains({{ ticket.comments }}, redaction.comments), false) as is_redacted,
    ifnull(redaction.redacted_at >= latest._exported_at, false) as _is_unread,
    regexp_contains(to_json_string(struct(latest.`{{ personal | join('`, latest.`') }}`)), r'▇|redacted\.txt') as _shows_redaction
  from latest
  left join redaction on redaction.ticket_id = latest.{{ ticket.id }}
)
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
