select
    {{ fact_columns('lot') }},
    lot as lot_token,
    {{ nulls('text', ['batch_token']) }},
    coi as coi_token,
    patient as recipient_token,
    product_name_code,
    {{ nulls('text', ['component_code']) }},
    source_object as parent_object
from {{ ref('stg_ehr_fhir_r4__medication_administration') }}
where lot is not null and product_name_code is not null
