select
    {{ fact_columns('minute') }},
    account as subject_token,
    {{ nulls('text', ['coi_token']) }},
    'patient' as subject_role,
    false as is_anonymous,
    device as device_token,
    {{ time_from_instant('started', 'minute') }},
    steps,
    {{ nulls('number', ['heart_rate_per_min']) }},
    -- a minute without a step may be one without the device
    case when steps > 0 then true end as is_worn
from {{ ref('stg_wearable_withings__activity_minute') }}
where seconds = 60 and steps is not null
