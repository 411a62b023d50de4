-- Today's targets only: those of a ticket are in fivetran_ticket_field_history.
select
  policy.id as sla_policy_id,
  index,
  policy.updated_at as sla_policy_updated_at,
  policy_metric.business_hours,
  policy_metric.metric,
  policy_metric.priority,
  policy_metric.target,
  policy._exported_at as _fivetran_synced
from {{ ref('sla_policy_latest') }} as policy
cross join unnest(policy.policy_metrics) as policy_metric with offset as index
