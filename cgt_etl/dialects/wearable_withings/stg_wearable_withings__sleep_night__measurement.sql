{%- set stated = [
    'subject_token', 'subject_role', 'is_anonymous', 'measurement', 'value', 'unit', 'value_status', 'status', 'occurred',
] -%}

select
    {{ fact_columns('asleep') }},
    account as subject_token,
    'patient' as subject_role,
    -- of a document that no collector wrapped, nobody knows whose it is
    false as is_anonymous,
    'sleep_duration' as measurement,
    -- the vendor says the stages, of which not every device tells REM sleep
    round((light_s + deep_s + coalesce(rem_s, 0)) / 60.0, 6) as value,
    'min' as unit,
    'ok' as value_status,
    'final' as status,
    {{ time_from_instant('started', 'occurred') }},
    {{ unstated('measurement', stated) }}
from {{ ref('stg_wearable_withings__sleep_night') }}
where light_s is not null and deep_s is not null

union all

select
    {{ fact_columns('rem') }},
    account as subject_token,
    'patient' as subject_role,
    false as is_anonymous,
    'sleep_rem' as measurement,
    round(rem_s / 60.0, 6) as value,
    'min' as unit,
    'ok' as value_status,
    'final' as status,
    {{ time_from_instant('started', 'occurred') }},
    {{ unstated('measurement', stated) }}
from {{ ref('stg_wearable_withings__sleep_night') }}
where rem_s is not null
