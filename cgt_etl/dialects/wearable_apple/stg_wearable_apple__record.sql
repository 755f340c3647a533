{{ config(materialized='view') }}

select
    {{ landed_columns('wearable_apple__record__record') }},
    type,
    {{ mapped('record.type', 'apple_measurement') }} as measurement,
    source,
    source_version,
    device_model,
    {{ landed_time('started') }},
    {{ landed_time('ended') }},
    {{ landed_time('created') }},
    value,
    value__raw,
    value__status,
    category,
    {{ mapped('record.category', 'apple_sleep') }} as sleep_state,
    unit,
    motion_context,
    was_user_entered,
    zone
from {{ source('wearable_apple', 'record__record') }} as record
