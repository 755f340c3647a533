{{ config(materialized='view') }}

select
    {{ landed_columns('qiacuity_dpcr__dpcr__dpcr') }},
    well,
    sample,
    batch,
    {{ mapped('landed.well_type', 'dpcr_well_type') }} as well_type_code,
    plate,
    reaction_mix,
    target,
    internal_control,
    control_type,
    concentration_copies_ul,
    concentration_copies_ul__raw,
    concentration_copies_ul__status,
    confidence_pct,
    valid_partition_count,
    positive_partition_count,
    negative_partition_count,
    threshold
from {{ source('qiacuity_dpcr', 'dpcr__dpcr') }} as landed
