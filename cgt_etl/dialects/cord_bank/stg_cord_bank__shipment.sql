{{ config(materialized='view') }}

select
    {{ landed_columns('cord_bank__shipment__shipment') }},
    din,
    product_code,
    {{ product_description_code('product_code') }} as product_description_code,
    {{ division_in_code('product_code') }} as code_division,
    division,
    crid,
    shipment_ref,
    sscc,
    awb,
    logger,
    centre_gln,
    {{ landed_time('packed') }},
    {{ landed_time('handed_over') }},
    {{ landed_measurements(measurement_columns('cord_bank', 'shipment')) }}
from {{ source('cord_bank', 'shipment__shipment') }} as landed
