with event as (
  select
    *,
    safe_cast(json_value(sla, '$.policy.id') as int64) as policy_id,
    json_value(group_sla, '$.policy.id') as group_policy_id,
    coalesce(sla, group_sla) as target
  from {{ ref('ticket_metric_event_latest') }}
  where not is_deleted and instance_id > 0
),

applied as (
  select
    ticket_id,
    metric,
    instance_id,
    time as policy_applied_at,
    policy_id,
    group_policy_id,
    coalesce(
      safe_cast(json_value(target, '$.target_in_seconds') as int64),
      safe_cast(json_value(target, '$.target') as int64) * 60
    ) as target_seconds,
    safe_cast(json_value(target, '$.business_hours') as bool) as is_in_business_hours
  from event
  where type in ('apply_sla', 'apply_group_sla')
  qualify row_number() over (partition by ticket_id, metric, instance_id order by time desc, id desc) = 1
),

measured as (
  select ticket_id, metric, instance_id, status.calendar as minutes, status.business as business_minutes
  from event
  where type = 'update_status' and status is not null
  qualify row_number() over (partition by ticket_id, metric, instance_id order by time desc, id desc) = 1
),

-- Several of them may be of one second, such as a reply that sets a ticket to pending.
changed as (
  select ticket_id, metric, instance_id, type
  from event
  where type in ('activate', 'pause', 'fulfill')
  qualify row_number() over (partition by ticket_id, metric, instance_id order by time desc, id desc) = 1
),

instance as (
  select
    ticket_id,
    metric,
    instance_id,
    min(if(type = 'activate', time, null)) as activated_at,
    max(if(type = 'fulfill', time, null)) as fulfilled_at,
    min(if(type = 'breach', time, null)) as breached_at
  from event
  group by ticket_id, metric, instance_id
)

select
  instance.ticket_id,
  instance.metric,
  instance.instance_id,
  instance.activated_at,
  instance.fulfilled_at,
  instance.breached_at,
  case changed.type when 'fulfill' then 'fulfilled' when 'pause' then 'paused' else 'active' end as state,
  measured.minutes,
  measured.business_minutes,
  applied.policy_id,
  applied.group_policy_id,
  applied.policy_applied_at,
  applied.target_seconds,
  applied.is_in_business_hours
from instance
left join applied
  on applied.ticket_id = instance.ticket_id
  and applied.metric = instance.metric
  and applied.instance_id = instance.instance_id
left join changed
  on changed.ticket_id = instance.ticket_id
  and changed.metric = instance.metric
  and changed.instance_id = instance.instance_id
left join measured
  on measured.ticket_id = instance.ticket_id
  and measured.metric = instance.metric
  and measured.instance_id = instance.instance_id
