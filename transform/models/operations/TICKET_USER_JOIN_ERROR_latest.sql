{%- set errors = existing('zendesk', 'TICKET_USER_JOIN_ERROR') -%}
{%- set published = existing('pubsub_messages', 'zendesk_ticket') -%}

{%- if errors -%}
with latest as (
  select *
  from {{ errors }}
  qualify row_number() over (partition by ticket_id order by inserted_at desc) = 1
)

select
  latest.*,
  {%- if published %}
  not exists (
    select 1
    from {{ published }} as published
    where published.ticket_id = latest.ticket_id and published.published_at >= latest.inserted_at
  ) as is_waiting
  {%- else %}
  true as is_waiting
  {%- endif %}
from latest
{%- else -%}
{{ no_rows() }}
{%- endif %}
