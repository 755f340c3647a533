{{ config(materialized='view') }}

select
    {{ landed_columns('revvity_matrix__cellaca_workbook__cellaca_workbook') }},
    plate,
    dilution,
    assay,
    {{ landed_time('analysed') }},
    {{ landed_time('scanned') }},
    instrument,
    software_version,
    plate_row,
    plate_column,
    well,
    batch,
    live_count,
    live_diameter_um,
    dead_count,
    dead_density_e6_ml,
    dead_diameter_um,
    total_count,
    total_density_e6_ml,
    aggregate_count,
    aggregate_size_um,
    aggregated_pct,
    image_errors,
    {{ landed_measurements(measurement_columns('revvity_matrix', 'cellaca_workbook')) }}
from {{ source('revvity_matrix', 'cellaca_workbook__cellaca_workbook') }}
