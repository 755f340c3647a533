{{ config(materialized='view') }}

select
    {{ landed_columns('becs_eu__apheresis__apheresis') }},
    -- whose and what
    din,
    product_code,
    {{ product_description_code('product_code') }} as product_description_code,
    {{ collection_type_letter('product_code') }} as collection_type_letter,
    {{ division_in_code('product_code') }} as code_division,
    -- a blank division is the undivided bag
    coalesce(division, '00') as division,
    donor_grid,
    patient_mrn,
    -- registry donors alone have a GRID: of a row without one the patient is the collected person
    (donor_grid is null and patient_mrn is not null) as is_autologous,
    -- when; the date and the two clock times are joined in the site's zone at the door
    proc_date_date,
    proc_date_local,
    proc_date_precision,
    started_at_utc,
    started_local,
    started_date,
    started_precision,
    started_zone_source,
    completed_at_utc,
    completed_local,
    completed_date,
    completed_precision,
    completed_zone_source,
    -- how
    {{ mapped('landed.device', 'device_model') }} as device_model_code,
    -- measurements, as stated
    {{ landed_measurements(measurement_columns('becs_eu', 'apheresis')) }}
from {{ source('becs_eu', 'apheresis__apheresis') }} as landed
