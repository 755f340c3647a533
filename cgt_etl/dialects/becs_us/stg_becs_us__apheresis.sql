{{ config(materialized='view') }}

select
    {{ landed_columns('becs_us__apheresis__apheresis') }},
    -- whose and what
    din,
    product_code,
    {{ product_description_code('product_code') }} as product_description_code,
    {{ collection_type_letter('product_code') }} as collection_type_letter,
    {{ division_in_code('product_code') }} as code_division,
    division,
    donor_no,
    patient_mrn,
    order_ref,
    coi,
    -- the medical record number and the chain-of-identity id are sent for autologous collections alone
    (patient_mrn is not null or coi is not null) as is_autologous,
    -- when; the date and the two clock times are joined in the site's zone at the door
    proc_date_date,
    proc_date_local,
    proc_date_precision,
    proc_start,
    proc_end,
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
    {{ mapped('landed.proc_type', 'procedure_type') }} as procedure_type_code,
    {{ mapped('landed.device', 'device_model') }} as device_model_code,
    {{ mapped('landed.rxn_cd', 'collection_reaction') }} as adverse_event_code,
    case when frz_yn then 'cryopreserved' when not frz_yn then 'fresh' end as starting_material_state_code,
    expiry_date,
    -- measurements, as stated
    {{ landed_measurements(measurement_columns('becs_us', 'apheresis')) }}
from {{ source('becs_us', 'apheresis__apheresis') }} as landed
