{{ config(materialized='view') }}

select
    {{ landed_columns('qc_coa__certificate__certificate') }},
    -- what and whose
    batch,
    join_id,
    patient_id,
    coalesce(patient_id, join_id) as coi,
    lot,
    lot_cd8,
    lot_cd4,
    containers,
    expiry_date,
    expiry_local,
    expiry_precision,
    -- what was judged by, and what was decided
    specification_version,
    {{ mapped('landed.market', 'coa_market') }} as jurisdiction_code,
    {{ mapped('landed.disposition', 'coa_disposition') }} as disposition_code,
    manufacture_started_date,
    manufacture_started_local,
    manufacture_started_precision,
    {{ time_from_instant('issued', 'issued') }},
    {{ time_from_instant('disposed', 'disposed') }}
from {{ source('qc_coa', 'certificate__certificate') }} as landed
