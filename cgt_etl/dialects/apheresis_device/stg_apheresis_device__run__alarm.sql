{{ config(materialized='view') }}

with landed as (
    select
        {{ landed_columns('apheresis_device__run__alarm') }},
        {{ landed_time('raised') }},
        {{ mapped('alarm.alarm', 'apheresis_alarm') }} as alarm_code,
        {{ mapped('alarm.alarm_class', 'apheresis_alarm_class') }} as alarm_class_code,
        value,
        limit_value
    from {{ source('apheresis_device', 'run__alarm') }} as alarm
)

select
    landed.*,
    -- the device tells of a reading before it is beyond its limit, and goes on; what stops its pumps is beyond one
    case
        when landed.alarm_class_code = 'pumps_stopped' then true
        when landed.alarm_code like '%_high' then coalesce(landed.value > landed.limit_value, false)
        when landed.alarm_code like '%_low' then coalesce(landed.value < landed.limit_value, false)
        else false
    end as is_deviation
from landed
