select
    {{ fact_columns('therapy_order') }},
    {{ nulls('text', ['order_token']) }},
    coi as coi_token,
    patient as recipient_token,
    product_name_code,
    {{ nulls('text', ['status']) }}
from {{ ref('stg_ehr_fhir_r4__medication_administration') }}
where coi is not null
