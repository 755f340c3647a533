select
    {{ fact_columns('therapy_order') }},
    coi as coi_token,
    patient as recipient_token,
    product_name_code,
    {{ unstated('therapy_order', ['coi_token', 'recipient_token', 'product_name_code']) }}
from {{ ref('stg_ehr_fhir_r4__medication_administration') }}
where coi is not null
