-- Today's targets only: those of a ticket are in fivetran_ticket_field_history.
select
  policy.id as sla_policy_id,
  index,
  policy.updated_at as sla_policy_updated_at,
  target.business_hours,
  target.metric,
  target.priority,
  target.target,
  policy._exported_at as _fivetran_synced
from {{ ref('sla_policy_latest') }} as policy
cross join unnest(policy.policy_metrics) as target with offset as index
