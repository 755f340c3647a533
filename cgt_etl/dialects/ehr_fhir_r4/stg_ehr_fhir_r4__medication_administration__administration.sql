select
    {{ fact_columns('administration', 'given') }},
    given.patient as subject_token,
    given.coi as coi_token,
    'patient' as subject_role,
    false as is_anonymous,
    {{ nulls('text', ['batch_token']) }},
    given.lot as lot_token,
    {{ nulls('text', ['order_token']) }},
    given.product_name_code,
    given.status,
    {{ time_from_instant('started', 'started', 'given') }},
    {{ time_from_instant('effective_end', 'ended', 'given') }},
    {{ nulls('boolean', ['is_entire_volume_given']) }},
    {{ converted('given.dose') }} as dose_value,
    units.canonical_unit as dose_unit,
    'dose_infused_abs' as dose_measurement,
    given.route_code
from {{ ref('stg_ehr_fhir_r4__medication_administration') }} as given
left join {{ ref('unit_map') }} as units on units.measurement = 'dose_infused_abs' and given.dose_unit_raw = units.unit
where given.product_name_code is not null
