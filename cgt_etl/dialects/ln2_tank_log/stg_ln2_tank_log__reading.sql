{{ config(materialized='view') }}

select
    {{ landed_columns('ln2_tank_log__reading__reading') }},
    tank,
    log_date_date,
    log_time,
    {{ landed_time('logged') }},
    usage_mm_per_day,
    status,
    {{ mapped('landed.status_1', 'tank_status') }} as status_1_code,
    {{ mapped('landed.status_2', 'tank_status') }} as status_2_code,
    {{ mapped('landed.status_3', 'tank_status') }} as status_3_code,
    {{ mapped('landed.status_4', 'tank_status') }} as status_4_code,
    {{ landed_measurements(measurement_columns('ln2_tank_log', 'reading')) }}
from {{ source('ln2_tank_log', 'reading__reading') }} as landed
