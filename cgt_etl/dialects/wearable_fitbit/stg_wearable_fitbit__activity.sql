{{ config(materialized='view') }}

select
    {{ landed_columns('wearable_fitbit__activity__activity') }},
    account,
    device,
    day_date,
    day_local,
    day_precision,
    steps,
    very_active_min,
    fairly_active_min,
    lightly_active_min,
    sedentary_min,
    energy_kcal
from {{ source('wearable_fitbit', 'activity__activity') }}
