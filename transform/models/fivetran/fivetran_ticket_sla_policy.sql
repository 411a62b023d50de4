select distinct ticket_id, policy_id as sla_policy_id, policy_applied_at, policy_applied_at as _fivetran_synced
from {{ ref('ticket_sla') }}
where policy_id is not null and policy_applied_at is not null
