{%- set stated = [
    'subject_token', 'subject_role', 'is_anonymous', 'measurement', 'value_raw', 'unit_raw', 'value', 'unit', 'value_status', 'status', 'occurred',
    'recorded',
] -%}

select
    {{ fact_columns('steps') }},
    account as subject_token,
    'patient' as subject_role,
    -- of a body without a header, nobody knows whose it is
    false as is_anonymous,
    'steps_daily' as measurement,
    steps__raw as value_raw,
    unit as unit_raw,
    cast(steps as {{ type_of('number') }}) as value,
    '/d' as unit,
    steps__status as value_status,
    'final' as status,
    cast(null as {{ type_of('instant') }}) as occurred_at_utc,
    substring(started_local, 1, 10) as occurred_local,
    started_date as occurred_date,
    'day' as occurred_precision,
    'none' as occurred_zone_source,
    {{ time_from_instant('created', 'recorded') }},
    {{ unstated('measurement', stated) }}
from {{ ref('stg_wearable_omh__step_count') }}
-- one local day, from midnight to midnight of the offset that is said; 0 may be a day without the device
where
    steps <> 0
    and statistic is null
    and substring(started_local, 12, 5) = '00:00'
    and (
        (substring(ended_local, 12, 5) = '00:00' and {{ days_between('started_date', 'ended_date') }} = 1)
        or (lasted = 1 and lasted_unit = 'd')
    )
