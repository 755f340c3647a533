select
    {{ fact_columns('administration') }},
    patient as subject_token,
    coi as coi_token,
    'patient' as subject_role,
    false as is_anonymous,
    {{ nulls('text', ['batch_token', 'lot_token']) }},
    order_ref as order_token,
    product_name_code,
    status,
    {{ time_from_instant('started', 'started') }},
    {{ time_from_instant('performed_end', 'ended') }},
    {{ nulls('boolean', ['is_entire_volume_given']) }},
    {{ nulls('number', ['dose_value']) }},
    {{ nulls('text', ['dose_unit', 'dose_measurement', 'route_code']) }}
from {{ ref('stg_ehr_fhir_r4__procedure') }}
where procedure_kind_code = 'cell_infusion' and status in ('completed', 'in_progress', 'stopped')
