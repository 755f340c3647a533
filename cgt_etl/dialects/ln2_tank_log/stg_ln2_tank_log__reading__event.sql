{#- what a tank does of its own is no alarm -#}
{%- set alarms = [
    'temp_a_high_alarm', 'temp_a_low_alarm', 'temp_b_high_alarm', 'temp_b_low_alarm', 'battery_voltage_low_alarm', 'temp_a_calibration_alarm',
    'temp_b_calibration_alarm', 'network_lost_alarm', 'fill_time_alarm', 'level_high_alarm', 'level_low_alarm', 'lid_open_alarm',
    'power_failure_alarm', 'usage_alarm',
] -%}

{%- for number in range(1, 5) %}
select
    {{ fact_columns('status_' ~ number) }},
    false as is_anonymous,
    'storage_alarm' as event_type,
    {{ time_from_instant('logged', 'occurred') }},
    'completed' as status,
    status_{{ number }}_code as detail_code,
    {{ unstated('event', ['is_anonymous', 'event_type', 'occurred', 'status', 'detail_code']) }}
from {{ ref('stg_ln2_tank_log__reading') }}
where status_{{ number }}_code in ('{{ alarms | join("', '") }}')
{{ 'union all' if not loop.last }}
{%- endfor %}
