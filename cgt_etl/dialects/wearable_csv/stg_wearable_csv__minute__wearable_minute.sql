select
    {{ fact_columns('minute') }},
    user_id as subject_token,
    {{ nulls('text', ['coi_token']) }},
    'patient' as subject_role,
    false as is_anonymous,
    device as device_token,
    {{ time_from_instant('minute', 'minute') }},
    steps,
    heart_rate as heart_rate_per_min,
    is_worn
from {{ ref('stg_wearable_csv__minute') }}
