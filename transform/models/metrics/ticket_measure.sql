{%- set durations = ['reply', 'first_resolution', 'full_resolution', 'requester_wait', 'agent_wait', 'on_hold'] -%}
-- Zendesk's own figures. The list of metrics lacks archived tickets; the tickets' own metrics come with their export.
with zendesk as (
  select * except (is_of_the_list)
  from (
    {%- for model in ('ticket_metric_set', 'ticket_metric') %}
    select
      ticket_id,
      reopens,
      replies,
      group_stations,
      assignee_stations,
      initially_assigned_at,
      {%- for name in durations %}
      {{ name }}_time_in_minutes,
      {%- endfor %}
      {{ 'false' if loop.first else 'true' }} as is_of_the_list
    from {{ ref(model ~ '_latest') }}
      {%- if not loop.last %}
    union all
      {%- endif %}
    {%- endfor %}
  )
  qualify row_number() over (partition by ticket_id order by is_of_the_list) = 1
)

select
  computed.ticket_id,
  computed.created_at,
  computed.status,
  computed.is_deleted,
  computed.is_merged,
  computed.merged_into_ticket_id,
  computed.group_id,
  computed.assignee_id,
  zendesk.initially_assigned_at,
  computed.first_replied_at,
  computed.first_resolved_at,
  computed.resolved_at,
  {%- for name in ('replies', 'reopens') %}
  if(zendesk.ticket_id is null, computed.{{ name }}, zendesk.{{ name }}) as {{ name }},
  {%- endfor %}
  zendesk.group_stations,
  zendesk.assignee_stations,
  {%- for name in durations %}
  if(zendesk.ticket_id is null, computed.{{ name }}_minutes, zendesk.{{ name }}_time_in_minutes.calendar)
    as {{ name }}_minutes,
  if(zendesk.ticket_id is null, computed.{{ name }}_business_minutes, zendesk.{{ name }}_time_in_minutes.business)
    as {{ name }}_business_minutes,
  {%- endfor %}
  zendesk.ticket_id is not null as is_measured_by_zendesk
from {{ ref('ticket_measure_computed') }} as computed
left join zendesk on zendesk.ticket_id = computed.ticket_id
