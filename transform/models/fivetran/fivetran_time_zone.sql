{%- set new_year = 'timestamp_trunc(current_timestamp(), year)' -%}
with offset_by_zone as (
  select
    name as time_zone,
    least(
      {{ utc_offset_minutes(new_year, 'iana_time_zone') }},
      {{ utc_offset_minutes("timestamp_add(" ~ new_year ~ ", interval 182 day)", 'iana_time_zone') }}
    ) as minutes
  from {{ ref('time_zone_name') }}
)

select
  time_zone,
  format('%s%02d:%02d', if(minutes < 0, '-', '+'), div(abs(minutes), 60), mod(abs(minutes), 60)) as standard_offset,
  {{ new_year }} as _fivetran_synced
from offset_by_zone
