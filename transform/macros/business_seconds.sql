{#- Spans with their business seconds. `spans` has ticket_id, started_at and ended_at. As Zendesk does, the schedule that the
    ticket has at the end of a span counts for all of it. Null while a span has not ended, or if no schedule is known. -#}
{% macro with_business_seconds(spans) %}
select
  span.*,
  closing.seconds_before + timestamp_diff(least(span.ended_at, closing.closed_at), closing.opened_at, second)
  - opening.seconds_before - timestamp_diff(least(span.started_at, opening.closed_at), opening.opened_at, second)
    as business_seconds
from {{ spans }} as span
cross join (
    {%- if var('default_schedule_id') %}
  select {{ var('default_schedule_id') }} as schedule_id
    {%- else %}
  select array_agg(id order by created_at, id limit 1)[safe_offset(0)] as schedule_id
  from {{ ref('schedule_latest') }}
    {%- endif %}
) as by_default
left join {{ ref('ticket_schedule_period') }} as chosen
  on chosen.ticket_id = span.ticket_id
  and chosen.started_at <= span.ended_at
  and (chosen.ended_at is null or span.ended_at < chosen.ended_at)
left join {{ ref('business_hours') }} as opening
  on opening.schedule_id = coalesce(chosen.schedule_id, by_default.schedule_id)
  and opening.day = date(span.started_at)
  and opening.opened_at <= span.started_at
  and span.started_at < opening.next_opened_at
left join {{ ref('business_hours') }} as closing
  on closing.schedule_id = coalesce(chosen.schedule_id, by_default.schedule_id)
  and closing.day = date(span.ended_at)
  and closing.opened_at <= span.ended_at
  and span.ended_at < closing.next_opened_at
{% endmacro %}
