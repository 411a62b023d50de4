with ticket as (
  select id, is_deleted, custom_fields
  from {{ ref('ticket_latest') }}
),

field as (
  select id, title, type
  from {{ ref('ticket_field_latest') }}
)

select
  ticket.id as ticket_id,
  custom_field.id as field_id,
  field.title as field_title,
  field.type as field_type,
  custom_field.value,
  if(
    json_type(custom_field.value) = 'array',
    array_to_string(json_value_array(custom_field.value), ', '),
    json_value(custom_field.value)
  ) as value_text,
  ticket.is_deleted
from ticket
cross join unnest(ticket.custom_fields) as custom_field
left join field on field.id = custom_field.id
