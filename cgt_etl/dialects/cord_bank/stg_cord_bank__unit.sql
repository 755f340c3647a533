{{ config(materialized='view') }}

select
    {{ landed_columns('cord_bank__unit__unit') }},
    -- whose and what
    din,
    product_code,
    {{ product_description_code('product_code') }} as product_description_code,
    {{ collection_type_letter('product_code') }} as collection_type_letter,
    {{ division_in_code('product_code') }} as code_division,
    division,
    grid,
    infant_no,
    -- listed units have a GRID, the bank's own number has every unit since the bank counts; either names the infant
    coalesce(infant_no, grid) as donor,
    mother_no,
    reserved_crid,
    {{ mapped('landed.infant_sex', 'sex') }} as infant_sex_code,
    {{ mapped('landed.abo', 'abo') }} as abo_code,
    {{ mapped('landed.rh', 'rh') }} as rh_code,
    -- when; dates and clock times are joined in the site's zone at the door
    {{ landed_time('collected') }},
    {{ landed_time('frozen') }},
    status_date_date,
    status_date_local,
    status_date_precision,
    -- how
    {{ mapped('landed.reduction', 'cord_volume_reduction') }} as volume_reduction_code,
    {{ mapped('landed.viability_method', 'viability_method') }} as viability_method_code,
    {{ mapped('landed.hla_status', 'hla_status') }} as hla_status_code,
    {{ mapped('landed.hiv', 'idm_result') }} as hiv_code,
    {{ mapped('landed.hbsag', 'idm_result') }} as hbsag_code,
    {{ mapped('landed.hcv', 'idm_result') }} as hcv_code,
    {{ mapped('landed.syphilis', 'idm_result') }} as syphilis_code,
    {{ mapped('landed.cmv', 'idm_result') }} as cmv_code,
    {{ mapped('landed.status', 'cord_unit_status') }} as unit_status_code,
    case when frozen_local is not null then 'cryopreserved' end as state_code,
    tank,
    cfu_e5,
    -- measurements, as stated
    {{ landed_measurements(measurement_columns('cord_bank', 'unit')) }}
from {{ source('cord_bank', 'unit__unit') }} as landed
