select
  instance.ticket_id,
  instance.metric,
  instance.instance_id,
  instance.policy_id,
  instance.group_policy_id,
  instance.policy_applied_at,
  instance.target_seconds,
  instance.is_in_business_hours,
  instance.activated_at,
  instance.fulfilled_at,
  instance.breached_at,
  instance.state,
  instance.breached_at is not null
  and (instance.state != 'fulfilled' or instance.breached_at <= instance.fulfilled_at) as is_breached,
  if(instance.is_in_business_hours, instance.business_minutes, instance.minutes) as minutes,
  ticket.is_deleted
from {{ ref('ticket_metric_instance') }} as instance
join {{ ref('ticket_latest') }} as ticket on ticket.id = instance.ticket_id
where instance.policy_id is not null or instance.group_policy_id is not null
