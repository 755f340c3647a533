{{ config(materialized='view') }}

select
    {{ landed_columns('wearable_apple__workout__statistic') }},
    type,
    {{ landed_time('started') }},
    {{ landed_time('ended') }},
    average,
    minimum,
    maximum,
    total,
    unit,
    {{ distance_m('total', 'unit') }} as distance_m,
    {{ energy_kcal('total', 'unit') }} as energy_kcal
from {{ source('wearable_apple', 'workout__statistic') }}
