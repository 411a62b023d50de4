{%- set rejected = existing('zendesk', 'REJECTED_RECORD') -%}

{%- if rejected -%}
select
  * except (resolved_at),
  min(rejected_at) over (partition by stream, record_key, `column`, rejected_by) as first_rejected_at,
  count(*) over (partition by stream, record_key, `column`, rejected_by) as rejections
from {{ rejected }}
where resolved_at is null
qualify row_number() over (partition by stream, record_key, `column`, rejected_by order by rejected_at desc) = 1
{%- else -%}
{{ no_rows() }}
{%- endif %}
