{%- set stated = [
    'subject_token', 'subject_role', 'is_anonymous', 'measurement', 'method', 'value_raw', 'unit_raw', 'value', 'unit', 'value_status',
    'status', 'occurred', 'recorded',
] -%}

select
    {{ fact_columns('heart_rate', 'said') }},
    said.account as subject_token,
    'patient' as subject_role,
    -- of a body without a header, nobody knows whose it is
    false as is_anonymous,
    'resting_hr' as measurement,
    said.statistic as method,
    said.heart_rate__raw as value_raw,
    said.unit as unit_raw,
    {{ converted('said.heart_rate') }} as value,
    units.canonical_unit as unit,
    case when units.factor is null then 'unit_unknown' else said.heart_rate__status end as value_status,
    'final' as status,
    {{ time_from_instant('started', 'occurred', 'said') }},
    {{ time_from_instant('created', 'recorded', 'said') }},
    {{ unstated('measurement', stated) }}
from {{ ref('stg_wearable_omh__heart_rate') }} as said
left join {{ ref('unit_map') }} as units on units.measurement = 'resting_hr' and said.unit = units.unit
where {{ is_stated('said.heart_rate__status') }} and said.activity = 'at rest'
