{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_fhir_r4__biologically_derived_product__biologically_derived_product') }},
    product_id,
    din,
    division,
    coi,
    product_code,
    {{ product_description_code('product_code') }} as product_description_code,
    {{ collection_type_letter('product_code') }} as collection_type_letter,
    {{ division_in_code('product_code') }} as code_division,
    local_code,
    category as category_code,
    {{ mapped('landed.status', 'product_status') }} as status,
    donor,
    {{ first_time('collected', 'collected_end', 'collected') }},
    parent as parent_reference,
    {{ landed_time('last_updated') }}
from {{ source('ehr_fhir_r4', 'biologically_derived_product__biologically_derived_product') }} as landed
