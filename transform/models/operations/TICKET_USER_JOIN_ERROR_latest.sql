{#- zendesk_ticket_waiting has the last row of each ticket that waits, also of one whose join errors have expired. -#}
{%- set errors = existing('zendesk', 'TICKET_USER_JOIN_ERROR') -%}
{%- set waiting = existing('pubsub_messages', 'zendesk_ticket_waiting') -%}
{%- set columns = model.columns.keys() | reject('equalto', 'is_waiting') | join(', ') -%}

{%- if errors and waiting -%}
with waiting as (
  select *
  from {{ waiting }}
  where true
  qualify row_number() over (partition by ticket_id order by inserted_at desc) = 1
),

latest as (
  select *
  from (
    select {{ columns }}
    from {{ errors }}
    union all
    select {{ columns }}
    from waiting
    where message_key is not null
  )
  where true
  qualify row_number() over (partition by ticket_id order by inserted_at desc) = 1
)

select
  latest.*,
  waiting.ticket_id is not null as is_waiting
from latest
left join waiting
  on waiting.ticket_id = latest.ticket_id
  and waiting.inserted_at = latest.inserted_at
  and waiting.message_key is not null
{%- else -%}
{{ no_rows() }}
{%- endif %}
