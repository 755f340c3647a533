{%- set stated = [
    'subject_token', 'subject_role', 'is_anonymous', 'measurement', 'value_raw', 'unit_raw', 'value', 'unit', 'value_status', 'status', 'occurred',
] -%}

with said as (
    select
        *,
        case weight_unit when '0' then 'kg' when '1' then 'lb' end as unit
    from {{ ref('stg_wearable_ihealth__weight') }}
    where {{ is_stated('weight__status') }}
)

select
    {{ fact_columns('weight', 'said') }},
    said.account as subject_token,
    'patient' as subject_role,
    -- of a document that no collector wrapped, nobody knows whose it is
    false as is_anonymous,
    'body_weight' as measurement,
    said.weight__raw as value_raw,
    said.unit as unit_raw,
    {{ converted('said.weight') }} as value,
    units.canonical_unit as unit,
    case when units.factor is null then 'unit_unknown' else said.weight__status end as value_status,
    'final' as status,
    {{ time_from_instant('measured', 'occurred', 'said') }},
    {{ unstated('measurement', stated) }}
from said
left join {{ ref('unit_map') }} as units on units.measurement = 'body_weight' and said.unit = units.unit
