select
    {{ fact_columns('collection') }},
    din as din_token,
    donor_no as donor_token,
    patient_mrn as recipient_token,
    coi as coi_token,
    order_ref as order_token,
    is_autologous,
    false as is_anonymous,
    'apheresis' as collection_type_code,
    procedure_type_code,
    device_model_code,
    {{ time_from_instant('started', 'started') }},
    {{ time_from_instant('completed', 'ended') }},
    starting_material_state_code,
    adverse_event_code
from {{ ref('stg_becs_us__apheresis') }}
