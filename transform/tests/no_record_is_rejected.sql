{#- A warning with their number: the runbook says what to do. -#}
{{ config(severity='warn') }}
select stream, record_key, `column`, reason, rejected_by
from {{ ref('REJECTED_RECORD_latest') }}
