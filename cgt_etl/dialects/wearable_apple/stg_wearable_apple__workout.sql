{{ config(materialized='view') }}

select
    {{ landed_columns('wearable_apple__workout__workout') }},
    type,
    source,
    source_version,
    device_model,
    {{ landed_time('started') }},
    {{ landed_time('ended') }},
    {{ landed_time('created') }},
    duration,
    duration_unit,
    {{ distance_m('distance', 'distance_unit') }} as distance_m,
    {{ energy_kcal('energy', 'energy_unit') }} as energy_kcal,
    is_indoor,
    was_user_entered,
    zone
from {{ source('wearable_apple', 'workout__workout') }}
