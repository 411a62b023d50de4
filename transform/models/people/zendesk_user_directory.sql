{%- set member = existing('internal', 'member') -%}
{%- set internal_user = existing('internal', 'user') -%}

with zendesk_user as (
  select id as zendesk_user_id, external_id, lower(email) as email
  from {{ ref('user_latest') }}
),

candidate as (
  {%- if member %}
  select zendesk_user.zendesk_user_id, cast(member.id as string) as internal_id, 'member' as kind
  from zendesk_user
  join {{ member }} as member on cast(member.id as string) = zendesk_user.external_id
  union distinct
  {%- endif %}
  {%- if internal_user %}
  select zendesk_user.zendesk_user_id, cast(internal_user.id as string) as internal_id, 'user' as kind
  from zendesk_user
  join {{ internal_user }} as internal_user on lower(internal_user.email) = zendesk_user.email
  where zendesk_user.external_id is null
  union distinct
  {%- endif %}
  select zendesk_user_id, '' as internal_id, '' as kind
  from zendesk_user
  where false
)

select zendesk_user_id, internal_id, kind
from candidate
qualify count(*) over (partition by zendesk_user_id) = 1
