{{ config(materialized='view') }}

select
    {{ landed_columns('mes_b2mml__record__record') }},
    batch,
    coi,
    vector_lot,
    vector_expiry_date,
    media_lot,
    media_expiry_date,
    cytokine_lot,
    cytokine_expiry_date,
    beads_lot,
    beads_expiry_date,
    rework_of,
    process_version,
    {{ nulls('text', ['unit_operation', 'event_type', 'measurement', 'value__status']) }},
    -- when it was given up; a record tells no other time of its batch
    {{ time_from_instant('aborted', 'seen') }},
    nullif({{ mapped('landed.record_status', 'b2mml_record_status') }}, 'none') as status_code
from {{ source('mes_b2mml', 'record__record') }} as landed
