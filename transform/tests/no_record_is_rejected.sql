{#- Warns with the number of rejected records. docs/runbook.md says what to do. -#}
{{ config(severity='warn') }}
select stream, record_key, `column`, reason, rejected_by
from {{ ref('REJECTED_RECORD_latest') }}
