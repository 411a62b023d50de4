{#- `is_waiting` is the rule of `waiting` in target-zendesk-pubsub's join_errors.py, in a view for people. The target works
    before the first run of dbt, so it cannot read this view. Change both together. -#}
{%- set errors = existing('zendesk', 'TICKET_USER_JOIN_ERROR') -%}
{%- set waiting = existing('pubsub_messages', 'zendesk_ticket_waiting') -%}
{%- set columns = model.columns.keys() | reject('equalto', 'is_waiting') | join(', ') -%}

{%- if errors -%}
with error as (
  select {{ columns }} from {{ errors }}
  {%- if waiting %}
  union all -- a ticket may wait for longer than its error is kept
  select {{ columns }} from {{ waiting }} where message_key is not null
  {%- endif %}
),

latest as (
  select *
  from error
  where true
  qualify row_number() over (partition by ticket_id order by inserted_at desc) = 1
),

settled as (
  select ticket_id, max(settled_at) as settled_at
  from (
    select ticket_id, published_at as settled_at
    from {{ source('pubsub_messages', 'zendesk_ticket') }}
    where replay_of is null
    union all
    select ticket_id, refused_at as settled_at
    from {{ source('pubsub_messages', 'zendesk_ticket_refused') }}
  )
  group by ticket_id
)

select
  latest.*,
  settled.settled_at is null or settled.settled_at < latest.inserted_at as is_waiting
from latest
left join settled on settled.ticket_id = latest.ticket_id
{%- else -%}
{{ no_rows() }}
{%- endif %}
