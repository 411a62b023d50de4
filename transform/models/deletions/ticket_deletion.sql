{{ config(materialized='table', cluster_by=['ticket_id']) }}

select id as ticket_id, coalesce(subject = 'SCRUBBED', false) as is_scrubbed
from {{ ref('ticket_latest') }}
where is_deleted
