select id as organization_id, index, domain_name, _exported_at as _fivetran_synced
from {{ ref('organization_latest') }}
cross join unnest(domain_names) as domain_name with offset as index
where not is_deleted
