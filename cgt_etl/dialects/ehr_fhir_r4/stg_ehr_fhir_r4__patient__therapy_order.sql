select
    {{ fact_columns('therapy_order') }},
    {{ nulls('text', ['order_token']) }},
    coi as coi_token,
    patient as recipient_token,
    {{ nulls('text', ['product_name_code', 'status']) }}
from {{ ref('stg_ehr_fhir_r4__patient') }}
where coi is not null
