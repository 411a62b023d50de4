{% test one_row_per_ticket_and_field(model) %}
select ticket_id, field_id
from {{ model }}
group by ticket_id, field_id
having count(*) > 1
{% endtest %}
