select
    {{ fact_columns('dose_unit') }},
    lot as lot_token,
    product_name_code,
    -- of a month alone no day is made
    case when expiry_precision not in ('month', 'year') then expiry_date end as expiry_date,
    {{ unstated('dose_unit', ['lot_token', 'product_name_code', 'expiry_date']) }}
from {{ ref('stg_ehr_fhir_r4__medication') }}
-- lots of drugs are not followed
where lot is not null and product_name_code is not null
