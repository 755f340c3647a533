select
    {{ fact_columns('therapy_order') }},
    order_ref as order_token,
    coi as coi_token,
    patient as recipient_token,
    {{ unstated('therapy_order', ['order_token', 'coi_token', 'recipient_token']) }}
from {{ ref('stg_ehr_fhir_r4__procedure') }}
where order_ref is not null or coi is not null
