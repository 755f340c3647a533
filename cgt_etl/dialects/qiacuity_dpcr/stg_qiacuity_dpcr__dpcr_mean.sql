{{ config(materialized='view') }}

select
    {{ landed_columns('qiacuity_dpcr__dpcr_mean__dpcr_mean') }},
    well,
    sample,
    batch,
    reaction_mix,
    target,
    internal_control,
    control_type,
    concentration_copies_ul,
    concentration_copies_ul__raw,
    concentration_copies_ul__status,
    confidence_pct,
    mean_copies_ul,
    mean_copies_ul__raw,
    mean_copies_ul__status,
    mean_confidence_pct,
    standard_deviation_copies_ul,
    variation_pct,
    valid_partition_count,
    positive_partition_count,
    negative_partition_count,
    threshold
from {{ source('qiacuity_dpcr', 'dpcr_mean__dpcr_mean') }}
