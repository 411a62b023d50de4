{{ config(
    materialized='current_table',
    meta={
        'raw': 'ticket_field_history',
        'clock': 'created_at',
        'current_partition': {'by': 'day', 'on': 'created_at'},
        'computed': {'impersonal_value': {'type': 'STRING', 'of': ['field_name', 'value'], 'sql': "if(field_name in ('status', 'custom_status_id', 'type', 'priority', 'assignee_id', 'group_id', 'organization_id', 'brand_id', 'ticket_form_id', 'new_schedule_id', 'previous_schedule_id'), value, null)"}}
    }
) }}

select * from {{ source('zendesk', 'ticket_field_history') }}
