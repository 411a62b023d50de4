with target as (
  select
    sla.ticket_id,
    sla.policy_applied_at as updated,
    if(sla.metric = 'reply_time', if(sla.instance_id = 1, 'first_reply_time', 'next_reply_time'), sla.metric) as metric,
    to_json_string(struct(
      div(sla.target_seconds, 60) as minutes, sla.is_in_business_hours as in_business_hours
    )) as value,
    policy.title as policy_title
  from {{ ref('ticket_sla') }} as sla
  left join {{ ref('sla_policy_latest') }} as policy on policy.id = sla.policy_id
  where sla.policy_applied_at is not null and sla.target_seconds is not null
)

select field_name, ticket_id, created_at as updated, updater_id as user_id, value, _exported_at as _fivetran_synced
from {{ ref('ticket_field_history_latest') }}
where field_name is not null
union all
select metric as field_name, ticket_id, updated, cast(null as int64) as user_id, value, updated as _fivetran_synced
from target
union all
select distinct
  'sla_policy' as field_name,
  ticket_id,
  updated,
  cast(null as int64) as user_id,
  policy_title as value,
  updated as _fivetran_synced
from target
where policy_title is not null
