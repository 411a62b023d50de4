{{ config(materialized='table', cluster_by=['ticket_id']) }}

select id as ticket_id, ifnull(subject = 'SCRUBBED', false) as is_scrubbed
from {{ ref('ticket_latest') }}
where is_deleted
