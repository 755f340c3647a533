{#- what a freezer does of its own, what a person does at it, and the end of an alarm are no alarm -#}
{%- set alarms = [
    'temp_high_alarm', 'temp_low_alarm', 'door_open_alarm', 'power_failure_alarm', 'battery_voltage_low_alarm', 'probe_failure_alarm',
    'network_lost_alarm',
] -%}

select
    {{ fact_columns('entry') }},
    false as is_anonymous,
    'storage_alarm' as event_type,
    {{ time_from_instant('logged', 'occurred') }},
    'completed' as status,
    entry_code as detail_code,
    {{ unstated('event', ['is_anonymous', 'event_type', 'occurred', 'status', 'detail_code']) }}
from {{ ref('stg_freezer_log__freezer_reading') }}
where entry_code in ('{{ alarms | join("', '") }}')
