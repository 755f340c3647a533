{{ config(materialized='view') }}

select
    {{ landed_columns('wearable_apple__activity_summary__activity_summary') }},
    day_date,
    day_local,
    day_precision,
    {{ energy_kcal('active_energy', 'active_energy_unit') }} as active_energy_kcal,
    move_min,
    exercise_min,
    stand_h
from {{ source('wearable_apple', 'activity_summary__activity_summary') }}
