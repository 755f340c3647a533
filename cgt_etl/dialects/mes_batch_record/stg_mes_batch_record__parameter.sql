{{ config(materialized='view') }}

select
    {{ landed_columns('mes_batch_record__parameter__parameter') }},
    -- what and whose
    batch,
    coi,
    vector_lot,
    vector_expiry_date,
    rework_of,
    process_version,
    equipment,
    {{ batch_parameter() }},
    {{ landed_time('seen') }},
    {{ mapped('landed.status', 'mes_status') }} as status_code
from {{ source('mes_batch_record', 'parameter__parameter') }} as landed
