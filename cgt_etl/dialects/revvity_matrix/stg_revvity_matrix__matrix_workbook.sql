{{ config(materialized='view') }}

select
    {{ landed_columns('revvity_matrix__matrix_workbook__matrix_workbook') }},
    well,
    batch,
    live_count,
    live_mean_size_um,
    dead_count,
    dead_density_ml,
    dead_mean_size_um,
    total_count,
    total_density_ml,
    total_mean_size_um,
    image_errors,
    {{ landed_measurements(measurement_columns('revvity_matrix', 'matrix_workbook')) }}
from {{ source('revvity_matrix', 'matrix_workbook__matrix_workbook') }}
