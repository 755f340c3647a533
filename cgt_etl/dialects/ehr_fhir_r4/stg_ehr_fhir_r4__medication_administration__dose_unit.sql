select
    {{ fact_columns('lot') }},
    lot as lot_token,
    coi as coi_token,
    patient as recipient_token,
    product_name_code,
    case when expiry_precision not in ('month', 'year') then expiry_date end as expiry_date,
    {{ unstated('dose_unit', ['lot_token', 'coi_token', 'recipient_token', 'product_name_code', 'expiry_date', 'parent_object']) }},
    source_object as parent_object
from {{ ref('stg_ehr_fhir_r4__medication_administration') }}
where lot is not null and product_name_code is not null
