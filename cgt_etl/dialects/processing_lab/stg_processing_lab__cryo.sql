{{ config(materialized='view') }}

select
    {{ landed_columns('processing_lab__cryo__cryo') }},
    sample,
    din,
    division,
    {{ landed_time('received') }},
    {{ mapped('landed.viability_method', 'viability_method') }} as viability_method_code,
    {{ mapped('landed.dmso', 'dmso_final') }} as dmso_pct,
    dmso__raw,
    {{ landed_time('freeze_started') }},
    {{ landed_time('freeze_completed') }},
    freezer_program,
    storage_location,
    {{ mapped('landed.sterility', 'sterility_result') }} as sterility_code,
    sterility__raw,
    {{ landed_measurements(measurement_columns('processing_lab', 'cryo')) }}
from {{ source('processing_lab', 'cryo__cryo') }} as landed
