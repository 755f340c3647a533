{%- set stated = [
    'subject_role', 'is_anonymous', 'measurement', 'specimen', 'value_raw', 'unit_raw', 'value', 'unit', 'value_status', 'status',
    'occurred', 'recorded',
] -%}

select
    {{ fact_columns('value', 'said') }},
    'patient' as subject_role,
    -- the export does not say whose it is
    false as is_anonymous,
    said.measurement,
    vocabulary.specimen,
    said.value__raw as value_raw,
    said.unit as unit_raw,
    {{ converted('said.value') }} as value,
    units.canonical_unit as unit,
    case when said.value is not null and units.factor is null then 'unit_unknown' else said.value__status end as value_status,
    'final' as status,
    {{ time_from_instant('started', 'occurred', 'said') }},
    {{ time_from_instant('created', 'recorded', 'said') }},
    {{ unstated('measurement', stated) }}
from {{ ref('stg_wearable_apple__record') }} as said
left join {{ ref('measurements') }} as vocabulary on said.measurement = vocabulary.measurement
left join {{ ref('unit_map') }} as units on said.measurement = units.measurement and said.unit = units.unit
where said.measurement is not null and {{ is_stated('said.value__status') }}
