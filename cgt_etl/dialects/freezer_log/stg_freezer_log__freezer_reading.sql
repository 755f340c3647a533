{{ config(materialized='view') }}

select
    {{ landed_columns('freezer_log__freezer_reading__freezer_reading') }},
    freezer,
    serial_number,
    set_point_c,
    warm_limit_c,
    cold_limit_c,
    {{ landed_time('logged') }},
    is_door_open,
    entry_text,
    {{ mapped('landed.entry', 'freezer_event') }} as entry_code,
    {{ landed_measurements(measurement_columns('freezer_log', 'freezer_reading')) }}
from {{ source('freezer_log', 'freezer_reading__freezer_reading') }} as landed
