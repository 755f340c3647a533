select
    {{ fact_columns('administration', 'outcome') }},
    outcome.crid as subject_token,
    outcome.coi as coi_token,
    'patient' as subject_role,
    false as is_anonymous,
    outcome.batch as batch_token,
    {{ nulls('text', ['lot_token', 'order_token']) }},
    outcome.product_name_code,
    'completed' as status,
    {{ time_from_date('infdate', 'started', 'outcome') }},
    {{ no_time(['ended']) }},
    outcome.is_entire_volume_given,
    {{ converted('outcome.dose_e8') }} as dose_value,
    units.canonical_unit as dose_unit,
    'dose_infused_abs' as dose_measurement,
    {{ nulls('text', ['route_code']) }}
from {{ ref('stg_registry_ct__outcome') }} as outcome
left join {{ ref('unit_map') }} as units on units.measurement = 'dose_infused_abs' and units.unit = '10*8'
