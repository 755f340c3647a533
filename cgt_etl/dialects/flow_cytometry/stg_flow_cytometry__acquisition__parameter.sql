{{ config(materialized='view') }}

select
    {{ landed_columns('flow_cytometry__acquisition__parameter') }},
    parameter_number,
    parameter_name,
    stain,
    bits,
    range_limit,
    amplification,
    gain,
    voltage_v,
    detector,
    optical_filter,
    excitation_nm,
    minimum,
    maximum,
    mean,
    median,
    standard_deviation,
    saturated_count,
    not_finite_count
from {{ source('flow_cytometry', 'acquisition__parameter') }}
