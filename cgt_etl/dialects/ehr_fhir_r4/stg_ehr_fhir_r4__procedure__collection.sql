select
    {{ fact_columns('collection') }},
    din as din_token,
    {{ nulls('text', ['donor_token']) }},
    patient as recipient_token,
    coi as coi_token,
    order_ref as order_token,
    -- a chain-of-identity id names an autologous product
    coi is not null as is_autologous,
    false as is_anonymous,
    'apheresis' as collection_type_code,
    {{ nulls('text', ['procedure_type_code', 'device_model_code']) }},
    {{ time_from_instant('started', 'started') }},
    {{ time_from_instant('performed_end', 'ended') }},
    {{ nulls('text', ['starting_material_state_code', 'adverse_event_code']) }}
from {{ ref('stg_ehr_fhir_r4__procedure') }}
where procedure_kind_code = 'leukapheresis' and status in ('completed', 'in_progress', 'stopped')
