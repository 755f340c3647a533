-- the transplantation itself, without a date; its dose per kg of the recipient is the CD34 count
select
    {{ fact_columns('administration', 'transplant') }},
    {{ nulls('text', ['subject_token', 'coi_token']) }},
    'patient' as subject_role,
    true as is_anonymous,
    {{ nulls('text', ['batch_token', 'lot_token', 'order_token', 'product_name_code']) }},
    'completed' as status,
    {{ no_time(['started', 'ended']) }},
    {{ nulls('boolean', ['is_entire_volume_given']) }},
    {{ converted('transplant.cd34_x1e6_per_kg') }} as dose_value,
    units.canonical_unit as dose_unit,
    'product_cd34_per_kg' as dose_measurement,
    {{ nulls('text', ['route_code']) }}
from {{ ref('stg_uci_bmt__transplant') }} as transplant
left join {{ ref('unit_map') }} as units on units.measurement = 'product_cd34_per_kg' and units.unit = '10*6/kg'
