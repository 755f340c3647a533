select
    {{ fact_columns('minute') }},
    account as subject_token,
    {{ nulls('text', ['coi_token']) }},
    'patient' as subject_role,
    false as is_anonymous,
    device as device_token,
    {{ time_from_instant('minute', 'minute') }},
    {{ nulls('integer', ['steps']) }},
    heart_rate as heart_rate_per_min,
    -- the sensor had contact
    true as is_worn
from {{ ref('stg_wearable_fitbit__heart_minute') }}
