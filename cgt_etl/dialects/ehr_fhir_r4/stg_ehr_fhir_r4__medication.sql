{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_fhir_r4__medication__medication') }},
    medication_id,
    {{ mapped('landed.status', 'medication_status') }} as status,
    display as code_display,
    {{ mapped('landed.product', 'product') }} as product_name_code,
    form as form_code,
    lot,
    {{ landed_time('expiry') }},
    {{ landed_time('last_updated') }}
from {{ source('ehr_fhir_r4', 'medication__medication') }} as landed
