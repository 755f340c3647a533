select
    {{ fact_columns('therapy_order') }},
    coi as coi_token,
    patient as recipient_token,
    {{ unstated('therapy_order', ['coi_token', 'recipient_token']) }}
from {{ ref('stg_ehr_fhir_r4__patient') }}
where coi is not null
