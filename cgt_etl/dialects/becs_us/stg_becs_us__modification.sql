{{ config(materialized='view') }}

select
    {{ landed_columns('becs_us__modification__modification') }},
    din,
    product_code,
    {{ product_description_code('product_code') }} as product_description_code,
    {{ collection_type_letter('product_code') }} as collection_type_letter,
    {{ division_in_code('product_code') }} as code_division,
    division,
    source_din,
    source_product_code,
    {{ product_description_code('source_product_code') }} as source_product_description_code,
    {{ collection_type_letter('source_product_code') }} as source_collection_type_letter,
    {{ division_in_code('source_product_code') }} as source_code_division,
    source_division,
    step,
    {{ mapped('landed.step', 'product_step') }} as edge_type,
    volume_ml,
    cd3_e6,
    expiry_date,
    {{ time_from_instant('done', 'done') }}
from {{ source('becs_us', 'modification__modification') }} as landed
