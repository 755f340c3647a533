select
    {{ fact_columns('dose_unit') }},
    lot as lot_token,
    product_name_code,
    {{ unstated('dose_unit', ['lot_token', 'product_name_code']) }}
from {{ ref('stg_ehr_fhir_r4__medication') }}
-- lots of drugs are not followed
where lot is not null and product_name_code is not null
